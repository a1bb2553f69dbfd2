-- The accounts of these customers; those without one are absent.
select customer_id, account_id
from members
where customer_id = any(%(customers)b::text[])
