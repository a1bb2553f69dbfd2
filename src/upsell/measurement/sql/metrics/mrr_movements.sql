-- Recurring revenue at the start of each month, what became of it, and at its end; start and movements add up to the end.
-- name: MRR movements
-- formula: per household, month and currency: new, expansion, contraction, churn, reactivation = MRR at the end - MRR at the start
-- unit: money total
-- divides by: nothing
-- no answer: never; a month nobody pays in has no rows
-- by: plan, segment, cohort
-- stands on: events = household_events, first_exposures = paying_units
-- items: start, new, expansion, reactivation, contraction, churn, end
with changed as (
    select unit_id, month, currency, movement as item, mrr_after - mrr_before as amount
    from movements
    where movement <> 'none'
    union all
    select unit_id, month, currency, 'start' as item, mrr_before as amount
    from movements
    union all
    select unit_id, month, currency, 'end' as item, mrr_after as amount
    from movements
)

select
    month_slices.slice,
    changed.item,
    changed.month as period,
    changed.currency,
    sum(changed.amount) as numerator,
    cast(null as bigint) as denominator
from changed
inner join month_slices
    on changed.unit_id = month_slices.unit_id and changed.month = month_slices.month
group by month_slices.slice, changed.item, changed.month, changed.currency
