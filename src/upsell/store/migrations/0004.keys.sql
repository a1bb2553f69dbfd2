-- Keys that senders show. Of a secret only its hash is kept.
-- depends: 0001.ledger

create table keys (
    number bigint generated always as identity primary key,
    name text not null,
    kind text not null check (kind in ('write', 'server')),
    shown text not null,
    hash bytea not null unique,
    scopes text [] not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
