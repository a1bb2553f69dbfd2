-- The message of a key, or the two first whose keys begin so.
select
    key, state, channel, workflow, step, customer_id, intent, content, reserved_at, next_attempt_at,
    sending_at, finished_at, attempts, provider_id, reason,
    key, enrollment, workflow, version, step, visit, unit_id, customer_id, channel, intent,
    content, offer, arm, trigger, terms, reserved_at, household_id, shard, attempts, number
from outbox
where key >= %(key)s and key < %(key)s || chr(1114111)
order by key
limit 2
