-- What was left at some addresses.
select address, scope, left_at, key
from left_addresses
where address = any(%(addresses)b::text[])
order by address, scope
