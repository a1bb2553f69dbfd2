-- What became of the newest messages, by channel, and since when they are: read by the index of what guardrails
-- count, from its end.
with newest as (
    select position, name, occurred_at, properties::json as said
    from events
    where name in (
        'Message Sent', 'Message Failed', 'Message Bounced', 'Message Complained', 'Consent Withdrawn',
        'Refunded', 'Ticket Opened', 'Subscription Downgraded', 'Subscription Canceled'
    )
    order by position desc
    limit %(most)s
)

select
    said ->> 'channel',
    (select min(occurred_at) from newest),
    count(*) filter (where name = 'Message Sent'),
    max(occurred_at) filter (where name = 'Message Sent'),
    count(*) filter (where name = 'Message Failed'),
    max(occurred_at) filter (where name = 'Message Failed'),
    coalesce((array_agg(said ->> 'reason' order by position desc) filter (where name = 'Message Failed'))[1], '')
from newest
where name in ('Message Sent', 'Message Failed') and said ->> 'channel' is not null
group by said ->> 'channel'
