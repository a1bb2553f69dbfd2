-- Recurring revenue of each household at the end of the month it first paid in, and at the end of each month
-- after; a household that left stays with zero.
with begun as (
    select
        unit_id,
        currency,
        month as cohort,
        starts_at as cohort_starts_at,
        mrr_after as base
    from movements
    where movement = 'new'
)

select
    begun.unit_id,
    begun.currency,
    begun.cohort,
    months.month,
    begun.base,
    coalesce(month_mrr.mrr_after, 0) as mrr
from begun
inner join months on months.starts_at >= begun.cohort_starts_at
left join month_mrr
    on
        begun.unit_id = month_mrr.unit_id
        and begun.currency = month_mrr.currency
        and months.month = month_mrr.month
