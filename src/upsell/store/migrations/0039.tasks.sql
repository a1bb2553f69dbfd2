-- Tasks as work that somebody has: why, what to say, what it may earn, whose it is, and what came of it.
-- depends: 0038.vendor_details

alter table tasks add column household_id text;
alter table tasks add column reason text not null default '';
alter table tasks add column why text;
alter table tasks add column talk_track text;
alter table tasks add column objections text;
alter table tasks add column value bigint;
alter table tasks add column currency text;
alter table tasks add column chance double precision;
alter table tasks add column source text not null default 'core';
alter table tasks add column updated_at timestamptz;
alter table tasks add column owner text;
alter table tasks add column given_at timestamptz;
alter table tasks add column taken_at timestamptz;
alter table tasks add column snoozed_until timestamptz;
alter table tasks add column overdue_at timestamptz;
alter table tasks add column closed_by text;
alter table tasks add column because text;
alter table tasks add column amount bigint;
alter table tasks add column amount_currency text;

update tasks set
    household_id = coalesce((select units.household_id from units where units.unit_id = tasks.unit_id), tasks.unit_id),
    reason = workflow;

alter table tasks alter column household_id set not null;

-- Of a household one task is open for each reason; those opened before the reasons were told may be several.
create index tasks_household on tasks (household_id, reason) where closed_at is null;

-- When people were last given a task of a queue, as a number that grows.
create table task_turns (
    queue text not null,
    person text not null,
    turn bigint not null,
    primary key (queue, person)
);
