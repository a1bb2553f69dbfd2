-- Events of some households by name that happened after a moment, up to and including a position. Of
-- the derived ones only changes of plan and of membership, and milestones, were ever taken into a household.
select
    position, shard, household_id, message_id, name, occurred_at, seen_at,
    customer_id, account_id, properties, source, is_historical
from events
where
    household_id = any(%(households)b::text[])
    and position <= %(up_to)s
    and name = any(%(names)b::text[])
    and occurred_at > moment(%(after)s)
    and (
        not is_derived
        or name in (
            'Subscription Upgraded', 'Subscription Downgraded', 'Segment Entered', 'Segment Left', 'Milestone Reached'
        )
    )
order by position
