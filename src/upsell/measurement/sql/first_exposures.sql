-- One row per contrast and unit of the workflow: the earliest exposure up to $as_of decides arm and
-- stratum. Moments become UTC without zone, because calendar months are counted on them.
with placed as (
    select
        contrast,
        stratum,
        unit_id,
        arm,
        share,
        exposed_at at time zone 'UTC' as exposed_at,
        row_number() over (
            partition by contrast, unit_id
            order by exposed_at, arm collate "C", stratum collate "C"
        ) as place,
        min(arm) over (partition by contrast, unit_id) <> max(arm) over (
            partition by contrast, unit_id
        ) as is_crossed
    from exposures
    where workflow = $workflow and exposed_at <= $as_of
)

select
    contrast,
    stratum,
    unit_id,
    arm,
    share,
    exposed_at,
    exposed_at as goal_opens_at,
    exposed_at + $goal_within as goal_closes_at,
    exposed_at + $horizon as horizon_closes_at,
    exposed_at + $goal_within <= $as_of at time zone 'UTC' as is_goal_closed,
    exposed_at + $horizon <= $as_of at time zone 'UTC' as is_horizon_closed,
    exposed_at + $horizon + $regret <= $as_of at time zone 'UTC' as is_regret_closed,
    is_crossed
from placed
where place = 1
