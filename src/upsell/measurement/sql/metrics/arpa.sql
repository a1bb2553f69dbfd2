-- Recurring revenue per paying account at the end of each month, by currency.
-- name: ARPA
-- formula: MRR at the end of the month / households with MRR above zero then
-- unit: money
-- divides by: households that pay in the currency
-- no answer: nobody pays
-- by: plan, segment, cohort
-- stands on: events = household_events, first_exposures = paying_units
select
    month_slices.slice,
    'all' as item,
    month_mrr.month as period,
    month_mrr.currency,
    sum(month_mrr.mrr_after) as numerator,
    sum(1) as denominator
from month_mrr
inner join month_slices
    on month_mrr.unit_id = month_slices.unit_id and month_mrr.month = month_slices.month
where month_mrr.mrr_after > 0
group by month_slices.slice, month_mrr.month, month_mrr.currency
