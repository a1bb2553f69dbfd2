-- The slice each attempt belongs to: the unit's lifecycle stage at its first exposure.
with staged as (
    select
        workflow,
        unit_id,
        stage,
        row_number() over (
            partition by workflow, unit_id order by exposed_at, stage collate "C"
        ) as place
    from exposures
    where contrast = 'holdout' and exposed_at <= $as_of
)

select
    attempts.workflow,
    attempts.unit_id,
    case
        when staged.unit_id is null then 'not exposed'
        when staged.stage = '' then 'not known'
        else staged.stage
    end as slice
from attempts
left join staged
    on attempts.workflow = staged.workflow and attempts.unit_id = staged.unit_id and staged.place = 1
