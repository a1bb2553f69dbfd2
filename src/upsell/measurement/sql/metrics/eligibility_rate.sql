-- Share of the units considered that may be offered something at all.
-- name: Eligibility rate
-- formula: eligible / considered
-- unit: share
-- divides by: units considered
-- no answer: nobody was considered
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
select
    slice,
    'all' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(eligible) as numerator,
    sum(considered) as denominator
from steps
group by slice
