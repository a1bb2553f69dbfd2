-- Share of the units shown something that followed a link of it.
-- name: Click-through rate
-- formula: shown and clicked / shown
-- unit: share
-- divides by: units shown something
-- no answer: nobody was shown anything
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
-- needs: Message Clicked, Prompt Clicked
select
    slice,
    'all' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(case when shown = 1 and clicked = 1 then 1 else 0 end) as numerator,
    sum(shown) as denominator
from steps
group by slice
