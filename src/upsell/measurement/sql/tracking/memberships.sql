-- From when to when a unit was in a segment, [entered_at, left_at); left_at is null while it is.
with told as (
    select
        cast(properties as json) ->> '$.unit' as unit_id,
        cast(properties as json) ->> '$.segment' as segment,
        name = 'Segment Entered' as is_entry,
        occurred_at at time zone 'UTC' as told_at,
        lead(occurred_at at time zone 'UTC') over (
            partition by
                cast(properties as json) ->> '$.unit', cast(properties as json) ->> '$.segment'
            order by occurred_at, name desc
        ) as next_at
    from events
    where
        name in ('Segment Entered', 'Segment Left') and is_household and occurred_at <= $as_of
)

select distinct
    unit_id,
    segment,
    told_at as entered_at,
    next_at as left_at
from told
where is_entry and (next_at is null or next_at > told_at)
