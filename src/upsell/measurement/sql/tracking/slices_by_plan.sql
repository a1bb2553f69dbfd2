-- The slice each attempt belongs to: the plan last told of before the unit was first considered.
with placed as (
    select
        attempts.workflow,
        attempts.unit_id,
        plans_told.plan,
        row_number() over (
            partition by attempts.workflow, attempts.unit_id order by plans_told.told_at desc
        ) as place
    from attempts
    inner join plans_told
        on attempts.unit_id = plans_told.unit_id and plans_told.told_at < attempts.considered_at
)

select
    attempts.workflow,
    attempts.unit_id,
    coalesce(placed.plan, 'none') as slice
from attempts
left join placed
    on attempts.workflow = placed.workflow and attempts.unit_id = placed.unit_id and placed.place = 1
