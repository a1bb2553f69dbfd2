-- Places spent at an address, in the order in which they were taken: what the caps per person count there.
-- An address is kept as a key alone. A place that was given back is gone; one that no cap counts is forgotten.
-- depends: 0003.outbox

create table places (
    number bigint generated always as identity,
    key text primary key,
    address text not null,
    customer_id text not null,
    reserved_at timestamptz not null,
    intent text not null,
    channel text not null,
    workflow text not null,
    category text not null,
    kind text
);

create index places_address on places (address, number);
create index places_reserved on places using brin (reserved_at);
