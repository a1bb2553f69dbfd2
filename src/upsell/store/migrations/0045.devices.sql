-- Browsers and apps that show notifications, of whom each is, with what a browser's are encrypted with.
-- depends: 0038.vendor_details

create table devices (
    id text primary key,
    customer_id text not null,
    kind text not null check (kind in ('web', 'app')),
    address text not null,
    p256dh text not null,
    auth text not null,
    -- When it was first told of as this customer's, and last.
    since timestamptz not null,
    told_at timestamptz not null
);

create index devices_by_customer on devices (customer_id);
