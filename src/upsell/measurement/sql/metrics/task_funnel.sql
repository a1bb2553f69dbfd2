-- How many tasks were opened, done, led to a meeting, to an opportunity, and were won.
-- name: Task funnel
-- formula: tasks; with a Task Closed that is not cause_ended; with an outcome that begins with meeting; with a Deal Opened of the household in the horizon after; with that deal won
-- unit: count
-- divides by: nothing
-- no answer: never; without tasks there are no rows
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
-- items: opened, done, meeting, opportunity, won
-- items need: done = Task Closed, meeting = Task Closed, opportunity = Deal Opened, won = Deal Closed
select
    slices.slice,
    'opened' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(1) as numerator,
    cast(null as bigint) as denominator
from task_outcomes
inner join slices
    on task_outcomes.workflow = slices.workflow and task_outcomes.unit_id = slices.unit_id
group by slices.slice
union all
select
    slices.slice,
    'done' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(case when task_outcomes.closed_at is null then 0 else 1 end) as numerator,
    cast(null as bigint) as denominator
from task_outcomes
inner join slices
    on task_outcomes.workflow = slices.workflow and task_outcomes.unit_id = slices.unit_id
group by slices.slice
union all
select
    slices.slice,
    'meeting' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(task_outcomes.is_meeting) as numerator,
    cast(null as bigint) as denominator
from task_outcomes
inner join slices
    on task_outcomes.workflow = slices.workflow and task_outcomes.unit_id = slices.unit_id
group by slices.slice
union all
select
    slices.slice,
    'opportunity' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(task_outcomes.is_opportunity) as numerator,
    cast(null as bigint) as denominator
from task_outcomes
inner join slices
    on task_outcomes.workflow = slices.workflow and task_outcomes.unit_id = slices.unit_id
group by slices.slice
union all
select
    slices.slice,
    'won' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(task_outcomes.is_won) as numerator,
    cast(null as bigint) as denominator
from task_outcomes
inner join slices
    on task_outcomes.workflow = slices.workflow and task_outcomes.unit_id = slices.unit_id
group by slices.slice
