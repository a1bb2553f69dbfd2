-- How much of the recurring revenue at the start of each month is there at its end, growth left out.
-- name: Gross revenue retention
-- formula: sum of the lesser of MRR at the end and at the start / MRR at the start, of households with MRR above zero at the start
-- unit: rate
-- divides by: MRR at the start of the month
-- no answer: nobody paid at the start of the month
-- by: plan, segment, cohort
-- stands on: events = household_events, first_exposures = paying_units
select
    month_slices.slice,
    'all' as item,
    month_mrr.month as period,
    month_mrr.currency,
    sum(least(month_mrr.mrr_after, month_mrr.mrr_before)) as numerator,
    sum(month_mrr.mrr_before) as denominator
from month_mrr
inner join month_slices
    on month_mrr.unit_id = month_slices.unit_id and month_mrr.month = month_slices.month
where month_mrr.mrr_before > 0
group by month_slices.slice, month_mrr.month, month_mrr.currency
