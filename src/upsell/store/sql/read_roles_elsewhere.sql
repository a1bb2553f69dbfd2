-- Roles of these customers in whatever accounts, in their order.
select household_id, customer_id, role
from rosters
where customer_id = any(%(customers)b::text[])
order by household_id, customer_id, place
for update
