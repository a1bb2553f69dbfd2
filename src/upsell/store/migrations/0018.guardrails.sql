-- Guardrails: what became of messages and of who was exposed, summed behind the ledger, and what was broken.
-- depends: 0017.open_places

-- Whose mailbox a mail went to, where the domain of the address tells; empty where it does not.
alter table outbox add column mailbox text not null default '';

-- What guardrails count is found without looking over the rest of the ledger.
create index events_guarded on events (position) where name in (
    'Message Sent', 'Message Failed', 'Message Bounced', 'Message Complained', 'Consent Withdrawn',
    'Refunded', 'Ticket Opened', 'Subscription Downgraded', 'Subscription Canceled'
);

-- Exposures are closed in the order in which they were made, some days after.
create index exposures_exposed_at on exposures using brin (exposed_at);

-- One row: up to where the ledger is summed, and up to when exposures are closed. Whoever sums holds it.
create table guarded (
    is_only boolean primary key default true check (is_only),
    position bigint not null,
    seen_at timestamptz not null,
    closed_to timestamptz not null
) with (fillfactor = 50);

insert into guarded (position, seen_at, closed_to) values (0, moment(0), moment(0));

-- Messages by when they were said: after which moment on which a paused workflow went on, and in which
-- stretch of 28 days since 1970.
create table guarded_messages (
    since timestamptz not null,
    stretch integer not null,
    workflow text not null,
    channel text not null,
    mailbox text not null,
    sent bigint not null default 0,
    bounced bigint not null default 0,
    complained bigint not null default 0,
    unsubscribed bigint not null default 0,
    primary key (workflow, channel, mailbox, since, stretch)
) with (fillfactor = 50);

-- Messages that turned out bad, each once for each way.
create table guarded_troubles (
    key text not null,
    measure text not null,
    primary key (key, measure)
);

-- When units asked for help or their money back, took less or left.
create table guarded_signals (
    unit_id text not null,
    measure text not null,
    occurred_at timestamptz not null,
    primary key (unit_id, measure, occurred_at)
);

-- Units exposed beside the holdout whose window has closed, and for how many of them something came in it.
create table guarded_units (
    since timestamptz not null,
    workflow text not null,
    stratum text not null,
    arm text not null,
    units bigint not null default 0,
    refunds bigint not null default 0,
    tickets bigint not null default 0,
    downgrades bigint not null default 0,
    churned bigint not null default 0,
    primary key (workflow, stratum, arm, since)
) with (fillfactor = 50);

-- Guardrails that were broken: from found_at until ended_at. Notices go due, sending, and then sent, failed,
-- unknown or nobody.
create table breaches (
    number bigint generated always as identity primary key,
    workflow text not null,
    guardrail text not null,
    action text not null check (action in ('warn', 'pause')),
    words text not null,
    found_at timestamptz not null,
    ended_at timestamptz,
    ended_by text,
    why text,
    notice text not null default 'due',
    notice_attempts integer not null default 0,
    notice_at timestamptz not null,
    notice_to text not null default '',
    notice_detail text not null default '',
    constraint breaches_notice check (notice in ('due', 'sending', 'sent', 'failed', 'unknown', 'nobody'))
);

create unique index breaches_open on breaches (workflow, guardrail, action) where ended_at is null;

create index breaches_due on breaches (number) where notice in ('due', 'sending');
