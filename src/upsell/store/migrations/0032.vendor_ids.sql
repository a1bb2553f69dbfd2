-- Whom the ids mean that vendors have for their customers.
-- depends: 0028.orders

-- One row per source and id: some of what a vendor sends names its customer by that id alone.
create table vendor_ids (
    source text not null,
    vendor_id text not null,
    customer_id text,
    account_id text,
    primary key (source, vendor_id),
    constraint vendor_ids_somebody check (customer_id is not null or account_id is not null)
);
