-- What came of going back: what was given back, what is credited, and until when they keep what they took.
-- depends: 0038.vendor_details

alter table orders
add column refunded bigint,
add column credited bigint,
add column keeps_until timestamptz;
