-- Share of the units enrolled that saw or were sent something.
-- name: Impression rate
-- formula: shown / enrolled
-- unit: share
-- divides by: units enrolled
-- no answer: nobody was enrolled
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
select
    slice,
    'all' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(shown) as numerator,
    sum(enrolled) as denominator
from steps
group by slice
