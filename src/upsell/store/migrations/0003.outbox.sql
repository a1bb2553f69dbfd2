-- Messages on their way out. States: reserved, claimed, sending, sent, failed, unknown, withdrawn.
-- depends: 0002.households

create table outbox (
    key text primary key,
    shard smallint not null,
    household_id text not null,
    unit_id text not null,
    customer_id text not null,
    enrollment text not null,
    workflow text not null,
    version text not null,
    step text not null,
    visit integer not null,
    channel text not null,
    intent text not null,
    content text not null,
    offer text,
    arm text,
    trigger text not null,
    reserved_at timestamptz not null,
    state text not null,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null,
    claimed_by text,
    lease_ends_at timestamptz,
    sending_at timestamptz,
    finished_at timestamptz,
    provider_id text,
    reason text,
    constraint outbox_state check (
        state in ('reserved', 'claimed', 'sending', 'sent', 'failed', 'unknown', 'withdrawn')
    )
) with (fillfactor = 80);

create index outbox_reserved on outbox (next_attempt_at) where state = 'reserved';
create index outbox_leased on outbox (lease_ends_at) where state in ('claimed', 'sending');
create index outbox_unit on outbox (unit_id, reserved_at);
create index outbox_unknown on outbox (finished_at) where state = 'unknown';
