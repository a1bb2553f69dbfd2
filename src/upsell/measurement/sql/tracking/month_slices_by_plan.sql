-- The slice a household belongs to in a month: the plan last told of by its start; of one that had none
-- then, the first one after.
with placed as (
    select
        month_mrr.unit_id,
        month_mrr.month,
        plans_told.plan,
        row_number() over (
            partition by month_mrr.unit_id, month_mrr.month
            order by
                case when plans_told.told_at <= month_mrr.starts_at and plans_told.plan <> 'none' then 0 else 1 end,
                case when plans_told.told_at <= month_mrr.starts_at then plans_told.told_at end desc,
                plans_told.told_at
        ) as place
    from month_mrr
    inner join plans_told
        on month_mrr.unit_id = plans_told.unit_id and plans_told.told_at <= month_mrr.ends_at
)

select unit_id, month, plan as slice
from placed
where place = 1
