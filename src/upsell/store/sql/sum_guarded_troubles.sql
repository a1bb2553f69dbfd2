-- Add what turned out bad in a piece of the ledger, each message once for each way. What names no message of
-- ours is about the last one that was sent to the same person on that channel in the seven days before.
with heard as (
    select
        events.position, events.seen_at, events.household_id, events.customer_id,
        said.properties ->> 'key' as key,
        said.properties ->> 'channel' as channel,
        case events.name
            when 'Message Complained' then 'complaint_rate'
            when 'Consent Withdrawn' then 'unsubscribe_rate'
            else 'bounce_rate'
        end as measure
    from events
    -- A NUL is no text to the database; what has one says nothing of a message of ours.
    cross join lateral (
        select case when strpos(events.properties, '\u0000') = 0 then events.properties::json end as properties
    ) as said
    where
        events.position > %(after)s and events.position <= %(up_to)s and events.seen_at >= moment(%(since)s)
        and events.name in ('Message Failed', 'Message Bounced', 'Message Complained', 'Consent Withdrawn')
        and not events.is_historical
        and (
            events.name <> 'Consent Withdrawn'
            -- A withdrawal that ends by itself is a pause, and no answer of no.
            or (
                coalesce(said.properties ->> 'purpose', 'marketing') = 'marketing'
                and said.properties ->> 'until' is null
            )
        )
),

about as (
    select heard.measure, coalesce(named.key, latest.key) as key
    from heard
    left join outbox as named on named.key = heard.key
    left join lateral (
        select sent.properties::json ->> 'key' as key
        from events as sent
        where
            named.key is null
            and sent.household_id = heard.household_id
            and sent.customer_id = heard.customer_id
            and sent.name = 'Message Sent'
            and sent.position < heard.position
            and sent.seen_at > heard.seen_at - interval '7 days'
            and sent.seen_at <= heard.seen_at
            and sent.properties::json ->> 'channel' = coalesce(heard.channel, 'email')
        order by sent.position desc
        limit 1
    ) as latest on true
),

new as (
    insert into guarded_troubles (key, measure)
    select about.key, about.measure
    from about
    inner join outbox on about.key = outbox.key
    where
        outbox.channel <> 'webhook'
        and outbox.finished_at is not null
        and (
            (outbox.state = 'sent' and outbox.reason is null)
            or (outbox.state = 'failed' and outbox.reason ~ '^5[0-9][0-9] ')
        )
    on conflict do nothing
    returning key, measure
)

insert into guarded_messages (since, stretch, workflow, channel, mailbox, bounced, complained, unsubscribed)
select
    (select max(cut) from unnest(%(cuts)b::bigint[]) as cuts (at) cross join moment(at) as cut
    where cut <= outbox.finished_at),
    (extract(epoch from outbox.finished_at) / 2419200)::integer,
    outbox.workflow, outbox.channel, outbox.mailbox,
    count(*) filter (where new.measure = 'bounce_rate'),
    count(*) filter (where new.measure = 'complaint_rate'),
    count(*) filter (where new.measure = 'unsubscribe_rate')
from new
inner join outbox on new.key = outbox.key
group by 1, 2, 3, 4, 5
on conflict (workflow, channel, mailbox, since, stretch) do update
set
    bounced = guarded_messages.bounced + excluded.bounced,
    complained = guarded_messages.complained + excluded.complained,
    unsubscribed = guarded_messages.unsubscribed + excluded.unsubscribed
