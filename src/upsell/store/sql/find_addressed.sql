-- Customers who were written to at some addresses.
select distinct address, customer_id
from outbox
where address = any(%(addresses)b::text[]) and customer_id <> ''
order by address, customer_id
