-- Mail by several providers: whom a message was handed to, what a day of a warm-up has had, what is known of each.
-- depends: 0018.guardrails

-- Written before the provider is spoken to: whom, and the Message-ID of the mail; empty for other channels.
alter table outbox add column provider text not null default '';
alter table outbox add column message_id text not null default '';

-- Each channel takes as many as may go on it, whatever waits for another.
drop index outbox_reserved;
create index outbox_reserved on outbox (channel, next_attempt_at) where state = 'reserved';

create table mail_days (
    provider text not null,
    day date not null,
    granted bigint not null,
    primary key (provider, day)
);

-- What each dispatcher knows of each provider; a row that is no longer written is of one that is gone.
create table mail_providers (
    provider text not null,
    process text not null,
    standing text not null,
    free_at timestamptz,
    failures integer not null,
    reason text not null,
    accepted bigint not null,
    refused bigint not null,
    not_now bigint not null,
    unknown bigint not null,
    reported_at timestamptz not null,
    primary key (provider, process)
);
