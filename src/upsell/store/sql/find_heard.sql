-- Whom messages were for, and of which workflow and arm they were.
select key, unit_id, customer_id, workflow, arm
from outbox
where key = any(%(keys)s::text[])
