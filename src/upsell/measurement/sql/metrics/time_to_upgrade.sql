-- How long after exposure the goal is reached, by Kaplan and Meier from daily counts, held-out units beside treated.
-- name: Time to upgrade
-- formula: S(t) = product over days d up to t of (1 - reached on d / still watched on d); units leave the watch when the goal window or the reading ends
-- unit: days
-- divides by: units still watched on each day
-- no answer: nobody was exposed; no median where fewer than half are seen to reach the goal
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
with watched as (
    select
        attempt_exposures.contrast as workflow,
        attempt_exposures.unit_id,
        attempt_exposures.arm,
        attempt_exposures.exposed_at,
        goals.reached_at,
        least(attempt_exposures.goal_closes_at, $as_of at time zone 'UTC') as watched_until
    from attempt_exposures
    left join goals
        on attempt_exposures.contrast = goals.workflow and attempt_exposures.unit_id = goals.unit_id
),

counted as (
    select
        workflow,
        unit_id,
        arm,
        case when reached_at is null then 0 else 1 end as reached,
        date_diff('microsecond', exposed_at, coalesce(reached_at, watched_until)) // 86400000000 as day
    from watched
)

-- The numerator reached the goal on the day, the denominator was last watched on it.
select
    slices.slice,
    counted.arm as item,
    lpad(cast(counted.day as varchar), 5, '0') as period,
    cast(null as varchar) as currency,
    sum(counted.reached) as numerator,
    count(*) as denominator
from counted
inner join slices on counted.workflow = slices.workflow and counted.unit_id = slices.unit_id
group by slices.slice, counted.arm, counted.day
