-- Share of the tasks whose opportunity was decided that it was won of.
-- name: Win rate of opportunities
-- formula: tasks with a deal of the household opened in the horizon after and won / those with one won or lost
-- unit: rate
-- divides by: tasks whose first deal after is won or lost
-- no answer: no opportunity was decided
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
select
    slices.slice,
    'all' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(task_outcomes.is_won) as numerator,
    count(*) as denominator
from task_outcomes
inner join slices
    on task_outcomes.workflow = slices.workflow and task_outcomes.unit_id = slices.unit_id
where task_outcomes.is_decided = 1
group by slices.slice
