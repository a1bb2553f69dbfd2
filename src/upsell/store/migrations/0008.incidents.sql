-- Incidents for everyone: from started_at on they hold for every household.
-- depends: 0001.ledger

create table incidents (
    id text primary key,
    title text not null,
    started_at timestamptz not null,
    ended_at timestamptz
);
