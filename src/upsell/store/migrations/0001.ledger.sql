-- The ledger of events, who is a member of which account, and what came in before.
-- depends:

-- A moment from whole microseconds since 1970-01-01T00:00:00Z, exactly.
create function moment(bigint) returns timestamptz
    language sql immutable strict parallel safe
    return timestamptz '1970-01-01 00:00:00+00' + $1 * interval '1 microsecond';

-- Every event, in the order it was taken. Positions ascend as seen_at does; gaps mean nothing.
-- An event that the core derived has the seen_at of the input it was derived from.
create table events (
    position bigint not null,
    seen_at timestamptz not null,
    occurred_at timestamptz not null,
    shard smallint not null,
    household_id text not null,
    customer_id text,
    account_id text,
    name text not null,
    message_id text not null,
    source text not null,
    properties text not null,
    is_derived boolean not null,
    is_historical boolean not null
) partition by range (seen_at);

create index events_position on events (position);
create index events_household on events (household_id, position);

-- One row: the last position and moment given, and the months (year * 12 + month - 1) that have a
-- partition. Whoever appends holds its lock, so ledger order is the order of commits.
create table ledger_head (
    is_only boolean primary key default true check (is_only),
    position bigint not null,
    seen_at timestamptz not null,
    months integer[] not null
) with (fillfactor = 50);

insert into ledger_head (position, seen_at, months) values (0, moment(0), '{}');

-- What came in lately, so that what comes twice is taken once.
create table message_ids (
    source text not null,
    message_id text not null,
    body_hash bytea not null,
    position bigint not null,
    seen_at timestamptz not null,
    primary key (source, message_id)
);

create index message_ids_seen_at on message_ids using brin (seen_at);

-- The account whose member a customer is.
create table members (
    customer_id text primary key,
    account_id text not null
);

create index members_account on members (account_id);

-- What was refused at the door, with the reason and the text that came.
create table rejections (
    number bigint generated always as identity primary key,
    rejected_at timestamptz not null,
    source text not null,
    place text not null,
    code text not null,
    message text not null,
    body text not null
);
