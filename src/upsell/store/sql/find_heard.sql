-- Whom messages were for, and of which workflow they were.
select key, unit_id, customer_id, workflow
from outbox
where key = any(%(keys)s::text[])
