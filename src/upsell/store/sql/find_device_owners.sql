-- Whose some devices are, held until the transaction ends.
select id, customer_id
from devices
where id = any(%(ids)b::text[])
order by id
for update
