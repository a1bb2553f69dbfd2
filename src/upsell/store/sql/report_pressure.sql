-- Messages per person and week of a stretch (since, as_of]: which week of it, how many people were sent a
-- message, how many messages, and the most that one person was sent. Who went into another is that other.
select week, count(*) as persons, sum(messages)::bigint as messages, max(messages) as most
from (
    select
        coalesce(merged.customer_id, outbox.customer_id) as person,
        -- Weeks are half-open on the left: what was said at a boundary belongs to the week before it.
        floor(
            (
                (extract(epoch from coalesce(outbox.finished_at, outbox.reserved_at)) * 1000000)::bigint
                - %(since)s - 1
            )::double precision / %(week)s
        )::integer as week,
        count(*) as messages
    from outbox
    left join merged_customers as merged on outbox.customer_id = merged.gone_id
    where
        outbox.state in ('sent', 'unknown')
        and outbox.channel <> 'webhook'
        and coalesce(outbox.finished_at, outbox.reserved_at) > moment(%(since)s)
        and coalesce(outbox.finished_at, outbox.reserved_at) <= moment(%(as_of)s)
    group by 1, 2
) as sent
group by week
order by week
