-- Keep whom ids of a vendor's mean by what the team says; what was said last replaces what was said before.
insert into vendor_ids (source, vendor_id, customer_id, account_id)
select '', vendor_id, customer_id, account_id
from unnest(%(vendor_ids)s::text[], %(customers)s::text[], %(accounts)s::text[])
    as said (vendor_id, customer_id, account_id)
order by vendor_id
on conflict (source, vendor_id) do update
    set customer_id = excluded.customer_id, account_id = excluded.account_id
    where (vendor_ids.customer_id, vendor_ids.account_id)
        is distinct from (excluded.customer_id, excluded.account_id)
