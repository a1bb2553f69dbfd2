-- By the end of each later month, what came of the revenue of households that first paid in a month, growth included.
-- name: NRR by cohort
-- formula: MRR at the end of a later month / MRR at the end of the month they first paid in
-- unit: rate
-- divides by: MRR of the cohort at the end of its first month
-- no answer: nobody first paid in the stretch
-- by: plan, segment, cohort
-- stands on: events = household_events, first_exposures = paying_units
select
    month_slices.slice,
    cohort_mrr.cohort as item,
    cohort_mrr.month as period,
    cohort_mrr.currency,
    sum(cohort_mrr.mrr) as numerator,
    sum(cohort_mrr.base) as denominator
from cohort_mrr
inner join month_slices
    on cohort_mrr.unit_id = month_slices.unit_id and cohort_mrr.cohort = month_slices.month
group by month_slices.slice, cohort_mrr.cohort, cohort_mrr.month, cohort_mrr.currency
