-- Where events go: how far each sink has been told of the ledger, and what it has not taken yet.
-- depends: 0028.orders

-- One row per sink that was ever applied; one that is live no more keeps what it holds. Everything up to position
-- was taken or is among sink_parcels. failures are those in a row; nothing is sent before retry_at. gone is where it
-- was when it said that nobody is there any more, and trouble is why it cannot be opened.
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
    trouble text not null default ''
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
