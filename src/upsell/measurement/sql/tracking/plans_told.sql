-- Which plan each unit's subscriptions were said to be on, and when; several at one moment count as the
-- greatest by code point.
select
    unit_id,
    occurred_at at time zone 'UTC' as told_at,
    max(
        case
            when name = 'Subscription Canceled' then 'none'
            else coalesce(cast(properties as json) ->> '$.plan', 'not known')
        end collate "C"
    ) as plan
from events
where
    name in (
        'Subscription Started',
        'Subscription Changed',
        'Subscription Renewed',
        'Subscription Canceled'
    )
    and occurred_at <= $as_of
group by unit_id, occurred_at
