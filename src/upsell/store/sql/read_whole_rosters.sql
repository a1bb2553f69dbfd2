-- Roles of every member of these accounts, in their order.
select household_id, customer_id, role
from rosters
where household_id = any(%(households)b::text[])
order by household_id, customer_id, place
