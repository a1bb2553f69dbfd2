-- What was left by a message holds at the address it went to, whoever has that address.
-- depends: 0025.bounces

create table left_addresses (
    address text not null,
    scope text not null,
    left_at timestamptz not null,
    -- The message by which it was left last.
    key text not null,
    primary key (address, scope)
);
