-- Share of the units whose trigger fired that a play was started with; held-out units count as not played.
-- name: Signal-to-play rate
-- formula: enrolled / considered
-- unit: share
-- divides by: units considered
-- no answer: nobody was considered
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
select
    slice,
    'all' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(enrolled) as numerator,
    sum(considered) as denominator
from steps
group by slice
