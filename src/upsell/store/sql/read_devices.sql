-- The devices of some customers, those told of last first.
select customer_id, kind, address, p256dh, auth
from devices
where customer_id = any(%(customers)b::text[])
order by customer_id, told_at desc, id
