-- What came of work for people: when it was closed, as what, and how many minutes it took, where that was told;
-- and what fired the trigger of each exposure.
-- depends: 0018.guardrails

alter table tasks add column outcome text;
alter table tasks add column minutes double precision;

-- What was told before is written as it is from now on: the first closing stands.
update tasks set closed_at = closed.occurred_at, outcome = closed.outcome
from (
    select distinct on (properties::json ->> 'key')
        properties::json ->> 'key' as key,
        properties::json ->> 'outcome' as outcome,
        occurred_at
    from events
    where name = 'Task Closed' and not is_derived
    order by properties::json ->> 'key', occurred_at, properties collate "C"
) as closed
where tasks.key = closed.key;

-- Empty for exposures of before: nothing kept it.
alter table exposures add column trigger text not null default '';
