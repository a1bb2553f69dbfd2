-- Room for what rules are asked over, for as long as the transaction lasts: what only the program can tell
-- of whoever pays and of carts, and the events that are counted.
create temporary table audience_facts (
    payer_id text primary key,
    plan jsonb not null,
    subscription jsonb not null,
    used jsonb not null,
    limits jsonb not null,
    days_to_limit jsonb not null,
    days_to_limit_at_least jsonb not null,
    days_to_limit_at_most jsonb not null
) on commit drop;

create temporary table audience_carts (unit_id text primary key, cart jsonb not null) on commit drop;

create temporary table audience_events (
    unit_id text not null,
    name text not null,
    occurred_at timestamptz not null,
    properties jsonb
) on commit drop;
