-- Share of the tasks that were done by when they were due.
-- name: Response in time
-- formula: closed at or before due_at / tasks closed, or due by the moment of the reading; without those whose cause ended by when they were due
-- unit: rate
-- divides by: tasks closed, or due by the moment of the reading
-- no answer: no task is closed or due
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
-- needs: Task Closed
select
    slices.slice,
    'all' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(case when task_outcomes.closed_at <= task_outcomes.due_at then 1 else 0 end) as numerator,
    count(*) as denominator
from task_outcomes
inner join slices
    on task_outcomes.workflow = slices.workflow and task_outcomes.unit_id = slices.unit_id
where task_outcomes.closed_at is not null or task_outcomes.due_at <= $as_of at time zone 'UTC'
group by slices.slice
