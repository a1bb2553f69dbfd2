-- What we know, what was decided, and how far the ledger has been taken.
-- depends: 0001.ledger

-- One row per account and per customer. An account's roster and engaged members stand in columns
-- of their own, so that an event in a large account does not write them again.
create table units (
    unit_id text primary key,
    household_id text not null,
    shard smallint not null,
    state text not null,
    roster text,
    engaged text,
    taken_at timestamptz not null,
    next_due_at timestamptz
) with (fillfactor = 70);

create index units_due on units (shard, next_due_at) where next_due_at is not null;
create index units_members on units (household_id, unit_id) where household_id <> unit_id;

-- Every answer with its reason, written when the answer or its reason changes.
create table decisions (
    unit_id text not null,
    number bigint generated always as identity,
    workflow text not null,
    version text not null,
    decided_at timestamptz not null,
    reason text not null,
    rule text not null,
    seen text not null,
    enrollment text,
    primary key (unit_id, number)
);

create index decisions_workflow on decisions (workflow, decided_at);

-- The first moment the arms of a contrast would have differed for a unit.
create table exposures (
    unit_id text not null,
    workflow text not null,
    contrast text not null,
    arm text not null,
    share double precision not null,
    stratum text not null,
    exposed_at timestamptz not null,
    enrollment text not null,
    primary key (unit_id, workflow, contrast)
);

create index exposures_workflow on exposures (workflow, contrast);

-- Work for people.
create table tasks (
    key text primary key,
    unit_id text not null,
    enrollment text not null,
    workflow text not null,
    queue text not null,
    title text not null,
    offer text,
    opened_at timestamptz not null,
    due_at timestamptz not null,
    closed_at timestamptz
);

create index tasks_open on tasks (queue, due_at) where closed_at is null;

-- Definitions as they were applied: the newest is live after live_from.
create table revisions (
    number integer primary key,
    hash text not null,
    documents text not null,
    live_from bigint not null,
    live_at timestamptz not null,
    applied_at timestamptz not null,
    note text not null
);

-- How far each shard has taken the ledger, and which revision it has been launched with. While a
-- launch is under way, launched_to is the last household that has taken its bearings.
create table cursors (
    shard smallint primary key,
    position bigint not null,
    seen_at timestamptz not null,
    revision integer not null,
    launched_to text
) with (fillfactor = 50);

insert into cursors (shard, position, seen_at, revision)
select shard, 0, moment(0), 0 from generate_series(0, 15) as numbers (shard);
