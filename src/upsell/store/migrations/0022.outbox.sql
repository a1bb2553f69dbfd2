-- Stops by hand, letters as they were sent, and the outbox as people look it through.
-- depends: 0018.guardrails

-- What was stopped: everything where neither a channel nor a workflow is named. From started_at until ended_at.
create table stops (
    number bigint generated always as identity primary key,
    channel text not null,
    workflow text not null,
    started_at timestamptz not null,
    started_by text not null,
    because text not null,
    ended_at timestamptz,
    ended_by text not null default '',
    ended_because text not null default '',
    constraint stops_one_subject check (channel = '' or workflow = '')
);

create unique index stops_open on stops (channel, workflow) where ended_at is null;

-- What letters of one template have in common, by its hash: each letter is kept as what it has beside it.
create table letter_patterns (
    hash bytea primary key,
    pattern bytea not null
);

-- Letters as they were handed over, packed; forgotten after some days.
create table letters (
    key text primary key,
    kept_at timestamptz not null,
    pattern bytea not null,
    packed bytea not null
);

create index letters_kept_at on letters using brin (kept_at);

-- The newest are looked up first. Every step of a message writes all its indexes anew, so this one is small.
create index outbox_reserved_at on outbox using brin (reserved_at) with (pages_per_range = 16);
