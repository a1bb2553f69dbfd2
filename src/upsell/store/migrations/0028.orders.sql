-- What was accepted, at the terms it was shown with, until it is theirs.
-- depends: 0027.prompts

-- One row per key that was accepted. What was shown is written down once more: a prompt may be shown anew.
-- An order that is not under way or waiting is done at finished_at.
create table orders (
    key text primary key,
    unit_id text not null,
    household_id text not null,
    customer_id text not null,
    offer text not null,
    thing text not null,
    kind text not null,
    trial_days integer not null,
    converts boolean not null,
    terms text not null,
    workflow text not null,
    enrollment text not null,
    via text not null,
    accepted_at timestamptz not null,
    state text not null,
    attempts integer not null default 0,
    next_attempt_at timestamptz,
    answer text not null default '',
    is_given_up boolean not null default false,
    detail text not null default '',
    task text not null default '',
    finished_at timestamptz,
    constraint orders_state check (
        state in ('accepted', 'fulfilling', 'fulfilled', 'failed', 'waiting')
    )
) with (fillfactor = 80);

-- The same offer of one passage is taken once, whether by the prompt or by the mail that made it; to try it and to
-- take the paid terms of the trial are two.
create unique index orders_once on orders (enrollment, offer, thing, converts) where state <> 'failed';
create index orders_due on orders (next_attempt_at) where state in ('accepted', 'fulfilling');
create index orders_accepted on orders (accepted_at);
create index orders_unit on orders (unit_id, accepted_at);
