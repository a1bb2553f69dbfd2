-- Keep whom an id of a vendor's means. What the vendor's customer says itself replaces what was known.
insert into vendor_ids (source, vendor_id, customer_id, account_id)
values (%(source)s, %(vendor_id)s, %(customer_id)s, %(account_id)s)
on conflict (source, vendor_id) do update
    set customer_id = excluded.customer_id, account_id = excluded.account_id
    where %(is_own)s
