-- Forget devices; give whose they were.
delete from devices
where id = any(%(ids)b::text[])
returning customer_id
