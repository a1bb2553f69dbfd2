-- Share of the paying households that hold more than one subscription at the end of each month, in one currency.
-- name: Attach rate
-- formula: households with two or more running paid subscriptions / households with one or more
-- unit: share
-- divides by: households that pay
-- no answer: nobody pays
-- by: plan, segment, cohort
-- stands on: events = household_events, first_exposures = paying_units
select
    month_slices.slice,
    'all' as item,
    month_mrr.month as period,
    month_mrr.currency,
    sum(case when month_mrr.subscriptions > 1 then 1 else 0 end) as numerator,
    count(*) as denominator
from month_mrr
inner join month_slices
    on month_mrr.unit_id = month_slices.unit_id and month_mrr.month = month_slices.month
where month_mrr.mrr_after > 0
group by month_slices.slice, month_mrr.month, month_mrr.currency
