-- What a vendor told of things that others of its deliveries name by their ids alone.
-- depends: 0037.said_vendor_ids

-- One row per source, thing and the moment from which on it is so: what a discount or a coupon takes off.
create table vendor_details (
    source text not null,
    kind text not null,
    vendor_id text not null,
    since bigint not null,
    said text not null,
    primary key (source, kind, vendor_id, since)
);
