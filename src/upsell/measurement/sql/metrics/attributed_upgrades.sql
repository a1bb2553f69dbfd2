-- How many upgrades are credited to each workflow, to nobody because the household was held out, and to nothing.
-- name: Attributed upgrades
-- formula: each gain once: to nobody inside the goal window of a workflow it is held out of; else to the workflow of the last touch inside whose goal window it lies; else unattributed
-- unit: count
-- divides by: nothing
-- no answer: never; without gains there are no rows
-- by: workflow, trigger, kind
-- stands on: events = household_events, first_exposures = paying_units
-- label: attributed, not caused
select
    credit_slices.slice,
    case when credited.line = 'credited' then credited.workflow else credited.line end as item,
    'all' as period,
    credited.currency,
    sum(credited.upgrades) as numerator,
    cast(null as bigint) as denominator
from credited
inner join credit_slices
    on credited.line = credit_slices.line and coalesce(credited.workflow, '') = credit_slices.workflow
where credited.upgrades > 0
group by
    credit_slices.slice,
    case when credited.line = 'credited' then credited.workflow else credited.line end,
    credited.currency
