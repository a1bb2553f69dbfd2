-- The slices a household belongs to in a month: every segment it was in at the start. Segments overlap.
select distinct
    month_mrr.unit_id,
    month_mrr.month,
    coalesce(memberships.segment, 'in no segment') as slice
from month_mrr
left join memberships
    on
        month_mrr.unit_id = memberships.unit_id
        and memberships.entered_at <= month_mrr.starts_at
        and (memberships.left_at is null or memberships.left_at > month_mrr.starts_at)
