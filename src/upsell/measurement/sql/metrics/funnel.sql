-- How many units came how far: considered, eligible, enrolled, shown, clicked, accepted, upgraded.
-- name: Funnel
-- formula: units that reached each step, each unit once per workflow
-- unit: count
-- divides by: nothing
-- no answer: never; an empty stretch has no rows
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
-- items: considered, eligible, enrolled, shown, clicked, accepted, upgraded
-- items need: clicked = Message Clicked or Prompt Clicked, accepted = Offer Accepted
select
    slice,
    'considered' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(considered) as numerator,
    cast(null as bigint) as denominator
from steps
group by slice
union all
select
    slice,
    'eligible' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(eligible) as numerator,
    cast(null as bigint) as denominator
from steps
group by slice
union all
select
    slice,
    'enrolled' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(enrolled) as numerator,
    cast(null as bigint) as denominator
from steps
group by slice
union all
select
    slice,
    'shown' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(shown) as numerator,
    cast(null as bigint) as denominator
from steps
group by slice
union all
select
    slice,
    'clicked' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(clicked) as numerator,
    cast(null as bigint) as denominator
from steps
group by slice
union all
select
    slice,
    'accepted' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(accepted) as numerator,
    cast(null as bigint) as denominator
from steps
group by slice
union all
select
    slice,
    'upgraded' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(upgraded) as numerator,
    cast(null as bigint) as denominator
from steps
group by slice
