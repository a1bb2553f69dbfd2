-- Whom messages went to and what said them, as they are kept today.
select key, customer_id, household_id, enrollment, unit_id, workflow, step, channel, intent
from outbox
where key = any(%(keys)b::text[])
