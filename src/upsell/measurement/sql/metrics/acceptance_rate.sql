-- Share of the units shown something that took an offer by the key of what showed it.
-- name: Acceptance rate
-- formula: shown and accepted / shown
-- unit: share
-- divides by: units shown something
-- no answer: nobody was shown anything
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
-- needs: Offer Accepted
select
    slice,
    'all' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(case when shown = 1 and accepted = 1 then 1 else 0 end) as numerator,
    sum(shown) as denominator
from steps
group by slice
