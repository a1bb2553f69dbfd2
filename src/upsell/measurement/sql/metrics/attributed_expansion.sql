-- How much expansion of recurring revenue is credited to each workflow, to nobody because the household was held out, and to nothing.
-- name: Attributed expansion MRR
-- formula: each gain once: to nobody inside the goal window of a workflow it is held out of; else to the workflow of the last touch inside whose goal window it lies; else unattributed
-- unit: money total
-- divides by: nothing
-- no answer: never; without gains there are no rows
-- by: nothing
-- stands on: events = household_events, first_exposures = paying_units
-- label: attributed, not caused
select
    'all' as slice,
    case when line = 'credited' then workflow else line end as item,
    'all' as period,
    currency,
    sum(expansion) as numerator,
    cast(null as bigint) as denominator
from credited
where expansion > 0
group by case when line = 'credited' then workflow else line end, currency
