-- From when to when a household was held out of a workflow: from the exposure in the holdout, or the
-- answer that it is in the global control, for the length of the workflow's goal window.
with held_out as (
    select workflow, unit_id, exposed_at as held_at
    from exposures
    where contrast = 'holdout' and arm = 'holdout'
    union all
    select workflow, unit_id, decided_at as held_at
    from decisions
    where reason in ('control', 'held_out')
)

select
    coalesce(homes.household_id, held_out.unit_id) as household_id,
    held_out.held_at at time zone 'UTC' as held_at,
    held_out.held_at at time zone 'UTC' + workflows.goal_within as held_until
from held_out
inner join workflows on held_out.workflow = workflows.workflow
left join homes on held_out.unit_id = homes.unit_id
where held_out.held_at <= $as_of
