-- What became of mail after it was accepted: reports of providers and mail servers, and addresses written to no more.
-- depends: 0018.guardrails

-- Key of the address a message went to; null where that was not kept.
alter table outbox add column address text;

create index outbox_address on outbox (address, sending_at) where address is not null;

-- A provider's own id of a message is the last word of what it answered when it accepted it.
create index outbox_provider on outbox (substring(provider_id from '[^\s<>]+(?=>?\s*$)')) where provider_id is not null;

-- Addresses that are written to no more, by key; an address is not written down a second time. Rows are never
-- deleted: they are the record of who did what, and why.
create table suppressions (
    number bigint generated always as identity primary key,
    address text not null,
    shown text not null,
    reason text not null,
    source text not null,
    why text not null,
    since timestamptz not null,
    ended_at timestamptz,
    ended_by text,
    ended_why text,
    constraint suppressions_reason check (reason in ('hard_bounce', 'soft_bounces', 'complaint', 'by_hand'))
);

create unique index suppressions_open on suppressions (address) where ended_at is null;
create index suppressions_ended on suppressions (address, ended_at) where ended_at is not null;

-- Customers whose records were told that an address is suppressed, to tell them when it is not.
create table suppressed_customers (
    address text not null,
    customer_id text not null,
    primary key (address, customer_id)
);

-- Messages that came back for now, each once.
create table soft_bounces (
    key text primary key,
    address text not null,
    bounced_at timestamptz not null
);

create index soft_bounces_address on soft_bounces (address);

-- Tokens of webhooks that may be used once, for as long as their signature is good.
create table hook_tokens (
    token text primary key,
    body_hash bytea not null,
    seen_at timestamptz not null
);

create index hook_tokens_seen_at on hook_tokens using brin (seen_at);

-- What came to each webhook that is no event, by day and by what became of it.
create table hook_counts (
    hook text not null,
    outcome text not null,
    day integer not null,
    count bigint not null,
    last_at timestamptz not null,
    primary key (hook, outcome, day)
) with (fillfactor = 50);
