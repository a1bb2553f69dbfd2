-- Where events go: how far each sink has been told of the ledger, and what it has not taken yet.
-- depends: 0039.tasks

-- One row per sink that was ever applied; one that is live no more keeps what it holds. Everything up to position
-- was taken or is among sink_parcels. failures are those in a row; nothing is sent before retry_at. gone is where it
-- was when it said that nobody is there any more, and trouble is why it cannot be opened. heard_at is up to when a desk
-- was asked which of its tasks were closed there.
create table sinks (
    name text primary key,
    is_live boolean not null,
    position bigint not null,
    moved_at timestamptz not null,
    taken bigint not null default 0,
    taken_at timestamptz,
    failures integer not null default 0,
    said text not null default '',
    retry_at timestamptz,
    gone text not null default '',
    trouble text not null default '',
    heard_at timestamptz
) with (fillfactor = 50);

-- What was not taken: it waits until retry_at, or is dead since died_at. The event itself is in the ledger, where
-- position and seen_at say. is_fault tells whether the last failure told against the sink alone.
create table sink_parcels (
    sink text not null references sinks (name) on delete cascade,
    position bigint not null,
    seen_at timestamptz not null,
    id text not null,
    name text not null,
    attempts integer not null,
    first_at timestamptz not null,
    retry_at timestamptz not null,
    died_at timestamptz,
    said text not null,
    is_fault boolean not null,
    primary key (sink, position)
);

create index sink_parcels_due on sink_parcels (sink, retry_at) where died_at is null;
create index sink_parcels_id on sink_parcels (sink, id);

-- What a desk calls each task that it was told of.
create table sink_tasks (
    sink text not null references sinks (name) on delete cascade,
    key text not null,
    vendor_id text not null,
    primary key (sink, key)
);
