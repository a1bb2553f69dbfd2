-- Addresses whose last so many messages, up to the last that came back, all came back for now, and for how long.
select asked.address
from unnest(%(addresses)b::text[]) as asked (address)
cross join lateral (
    select count(*) as messages, count(recent.bounced_at) as bounced,
        max(recent.sending_at) - min(recent.sending_at) as span
    from (
        select outbox.sending_at, soft.bounced_at
        from outbox
        left join soft_bounces as soft on outbox.key = soft.key
        where
            outbox.address = asked.address
            and outbox.state in ('sent', 'unknown')
            and outbox.sending_at <= (
                select max(last.sending_at)
                from soft_bounces as came
                inner join outbox as last on came.key = last.key
                where came.address = asked.address
            )
        order by outbox.sending_at desc
        limit %(in_a_row)s
    ) as recent
) as row
where row.bounced >= %(in_a_row)s and row.span >= make_interval(secs => %(over)s / 1e6)
order by asked.address
