-- Recurring revenue per person known in a paying household at the end of each month, by currency; people as they belong now.
-- name: ARPU
-- formula: MRR at the end of the month / customers of the paying households
-- unit: money
-- divides by: customers known in households that pay in the currency
-- no answer: no customer is known in any paying household
-- by: plan, segment, cohort
-- stands on: events = household_events, first_exposures = paying_units
select
    month_slices.slice,
    'all' as item,
    month_mrr.month as period,
    month_mrr.currency,
    sum(month_mrr.mrr_after) as numerator,
    sum(coalesce(people.customers, 0)) as denominator
from month_mrr
inner join month_slices
    on month_mrr.unit_id = month_slices.unit_id and month_mrr.month = month_slices.month
left join people on month_mrr.unit_id = people.household_id
where month_mrr.mrr_after > 0
group by month_slices.slice, month_mrr.month, month_mrr.currency
