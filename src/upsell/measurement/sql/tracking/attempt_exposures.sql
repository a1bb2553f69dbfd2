-- Exposures of attempts in the contrast with the holdout, the first of each workflow and unit. It has those
-- columns of first_exposures that money is read by, with the workflow as contrast, so that the files are the same.
with placed as (
    select
        exposures.workflow,
        exposures.stratum,
        exposures.unit_id,
        exposures.arm,
        exposures.share,
        exposures.exposed_at at time zone 'UTC' as exposed_at,
        row_number() over (
            partition by exposures.workflow, exposures.unit_id
            order by exposures.exposed_at, exposures.arm collate "C", exposures.stratum collate "C"
        ) as place
    from exposures
    inner join attempts
        on exposures.workflow = attempts.workflow and exposures.unit_id = attempts.unit_id
    where exposures.contrast = 'holdout' and exposures.exposed_at <= $as_of
)

select
    placed.workflow as contrast,
    placed.stratum,
    placed.unit_id,
    placed.arm,
    placed.share,
    placed.exposed_at,
    placed.exposed_at + workflows.goal_within as goal_closes_at,
    placed.exposed_at + $horizon as horizon_closes_at,
    placed.exposed_at + workflows.goal_within <= $as_of at time zone 'UTC' as is_goal_closed,
    placed.exposed_at + $horizon <= $as_of at time zone 'UTC' as is_horizon_closed,
    false as is_crossed
from placed
inner join workflows on placed.workflow = workflows.workflow
where placed.place = 1
