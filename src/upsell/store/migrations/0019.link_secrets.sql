-- What links in messages are sealed with; the newest seals, every one opens.
-- depends: 0018.guardrails

create table link_secrets (
    number integer generated always as identity primary key,
    secret bytea not null check (octet_length(secret) = 32),
    made_at timestamptz not null
);
