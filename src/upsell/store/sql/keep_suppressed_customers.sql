-- Remember which customers' records are told that an address is suppressed; give those that were not yet.
insert into suppressed_customers (address, customer_id)
select address, customer_id
from unnest(%(addresses)b::text[], %(customers)b::text[]) as told (address, customer_id)
on conflict do nothing
returning address, customer_id
