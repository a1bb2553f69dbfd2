-- Share of the units that reached the goal and downgraded, or canceled, within the horizon after it, by arm.
-- name: Upgraded, then downgraded or left
-- formula: Subscription Downgraded, or Canceled, in (reached_at, reached_at + horizon] / reached the goal with a closed horizon since
-- unit: share
-- divides by: units that reached the goal a whole horizon ago
-- no answer: no such unit
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
with turned as (
    select
        goals.workflow,
        goals.unit_id,
        max(case when events.name = 'Subscription Downgraded' then 1 else 0 end) as downgraded,
        max(case when events.name = 'Subscription Canceled' then 1 else 0 end) as canceled
    from goals
    left join events
        on
            goals.unit_id = events.unit_id
            and events.name in ('Subscription Downgraded', 'Subscription Canceled')
            and events.occurred_at at time zone 'UTC' > goals.reached_at
            and events.occurred_at at time zone 'UTC' <= goals.reached_at + $horizon
    where goals.reached_at + $horizon <= $as_of at time zone 'UTC'
    group by goals.workflow, goals.unit_id
),

told as (
    select workflow, unit_id, 'downgraded' as what, downgraded as is_so
    from turned
    union all
    select workflow, unit_id, 'left' as what, canceled as is_so
    from turned
)

select
    slices.slice,
    attempt_exposures.arm || ' ' || told.what as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(told.is_so) as numerator,
    count(*) as denominator
from told
inner join attempt_exposures
    on told.workflow = attempt_exposures.contrast and told.unit_id = attempt_exposures.unit_id
inner join slices on told.workflow = slices.workflow and told.unit_id = slices.unit_id
group by slices.slice, attempt_exposures.arm || ' ' || told.what
