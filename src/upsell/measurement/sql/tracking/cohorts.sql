-- The month in which a unit's first subscription was first told of.
select
    unit_id,
    strftime(min(occurred_at at time zone 'UTC'), '%Y-%m') as cohort
from events
where
    name in ('Subscription Started', 'Subscription Changed', 'Subscription Renewed')
    and occurred_at <= $as_of
group by unit_id
