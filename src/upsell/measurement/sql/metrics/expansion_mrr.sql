-- By how much the recurring revenue of households that paid already grew in each month.
-- name: Expansion MRR
-- formula: sum over households that grew of (MRR at the end - MRR at the start), start above zero
-- unit: money total
-- divides by: nothing
-- no answer: never; a month nobody grew in has no rows
-- by: plan, segment, cohort
-- stands on: events = household_events, first_exposures = paying_units
select
    month_slices.slice,
    'all' as item,
    movements.month as period,
    movements.currency,
    sum(movements.mrr_after - movements.mrr_before) as numerator,
    cast(null as bigint) as denominator
from movements
inner join month_slices
    on movements.unit_id = month_slices.unit_id and movements.month = month_slices.month
where movements.movement = 'expansion'
group by month_slices.slice, movements.month, movements.currency
