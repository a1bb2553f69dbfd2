-- How much recurring revenue an expansion credited to each workflow brings on average, by currency.
-- name: Attributed deal size
-- formula: expansion credited / rises of recurring revenue credited; each gain once: to nobody inside the goal window of a workflow it is held out of; else to the workflow of the last touch inside whose goal window it lies; else unattributed
-- unit: money
-- divides by: rises of recurring revenue credited
-- no answer: nothing is credited
-- by: workflow, trigger, kind
-- stands on: events = household_events, first_exposures = paying_units
-- label: attributed, not caused
select
    credit_slices.slice,
    case when credited.line = 'credited' then credited.workflow else credited.line end as item,
    'all' as period,
    credited.currency,
    sum(credited.expansion) as numerator,
    count(*) as denominator
from credited
inner join credit_slices
    on credited.line = credit_slices.line and coalesce(credited.workflow, '') = credit_slices.workflow
where credited.expansion > 0
group by
    credit_slices.slice,
    case when credited.line = 'credited' then credited.workflow else credited.line end,
    credited.currency
