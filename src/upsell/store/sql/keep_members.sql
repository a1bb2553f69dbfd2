-- Make customers members of accounts; the newest word holds.
insert into members (customer_id, account_id)
select customer_id, account_id
from unnest(%(customers)b::text[], %(accounts)b::text[]) as incoming (customer_id, account_id)
on conflict (customer_id) do update set account_id = excluded.account_id
where members.account_id <> excluded.account_id
