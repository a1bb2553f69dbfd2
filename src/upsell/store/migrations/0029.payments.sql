-- What a customer is to pay before what they accepted is theirs, what was charged, and how often it was told anew.
-- depends: 0028.orders

alter table orders
    add column checkout text not null default '',
    add column pay_url text not null default '',
    add column pay_by timestamptz,
    add column paid bigint,
    add column round integer not null default 0;

-- One that waits to be paid is asked about again; one that waits for the team is not due.
drop index orders_due;
create index orders_due on orders (next_attempt_at) where state in ('accepted', 'fulfilling', 'waiting');
