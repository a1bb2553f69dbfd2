-- What was seen in the ledger, learned behind it: names and kinds, never values that could be personal.
-- depends: 0001.ledger

-- How often a property had a kind. The scope is 'customer' or 'account' for traits, or 'event ' and the
-- event's name; the property '' of kind 'event' counts the events themselves.
create table seen_kinds (
    scope text not null,
    property text not null,
    kind text not null,
    count bigint not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    primary key (scope, property, kind)
);

-- How many events a source sent on a day (its number since 1970), and how many of them a day late or more.
create table seen_days (
    source text not null,
    name text not null,
    day integer not null,
    count bigint not null,
    late bigint not null,
    primary key (source, name, day)
);

-- Values of the few properties that the catalog must know: plans and metrics.
create table seen_values (
    field text not null,
    value text not null,
    count bigint not null,
    last_at timestamptz not null,
    primary key (field, value)
);

-- Events that came again, by day and by what became of them.
create table repeats (
    source text not null,
    outcome text not null,
    day integer not null,
    count bigint not null,
    primary key (source, outcome, day)
);

-- How far has been learned, and whether there was more than is kept.
create table learned (
    is_only boolean primary key default true check (is_only),
    position bigint not null,
    seen_at timestamptz not null,
    is_full boolean not null
);

insert into learned (position, seen_at, is_full) values (0, moment(0), false);
