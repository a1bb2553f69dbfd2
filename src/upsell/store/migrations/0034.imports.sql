-- How far imports are, so that one that was killed goes on, and what sources have said.
-- depends: 0028.orders

-- One row for a set of files, or a query, read through one mapping. What was taken ends with the event of
-- seen_at and place, in the order of the staging called token.
create table imports (
    key text primary key,
    mapping text not null,
    is_historical boolean not null,
    token text not null,
    started_at timestamptz not null,
    moved_at timestamptz not null,
    finished_at timestamptz,
    seen_at bigint not null,
    place bigint not null,
    events bigint not null,
    appended bigint not null,
    duplicates bigint not null,
    conflicts bigint not null,
    rejected bigint not null,
    skipped bigint not null
);

-- The files of each, as they were.
create table imported_files (
    import text not null references imports (key) on delete cascade,
    name text not null,
    size bigint not null,
    hash text not null,
    primary key (import, name, hash)
);

create index imported_files_hash on imported_files (hash);
create index imported_files_name on imported_files (name);

-- Each query of the workspace: how far its cursor is, as SQL writes it, and how its last run went. One that
-- has a number and is not finished since it started is under way or was broken off.
create table source_runs (
    source text primary key,
    number bigint not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    succeeded_at timestamptz,
    cursor text,
    rows bigint not null default 0,
    sent bigint not null default 0,
    cleared bigint not null default 0,
    rejected bigint not null default 0,
    failures integer not null default 0,
    error text not null default ''
);

-- What a source has sent: a hash of the traits of each customer and account with the names of them, or of an
-- event by its id. number is that of the run that saw it last.
create table source_items (
    source text not null,
    key text not null,
    hash bytea not null,
    names text not null,
    number bigint not null,
    primary key (source, key)
);
