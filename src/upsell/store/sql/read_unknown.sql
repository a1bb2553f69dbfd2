-- Mails that may have been accepted or not, with whom they were handed to and when, the newest first.
select
    key, enrollment, workflow, version, step, visit, unit_id, customer_id, channel, intent,
    content, offer, arm, trigger, terms, reserved_at, household_id, shard, attempts, number,
    provider, message_id, sending_at
from outbox
where state = 'unknown' and channel = 'email' and (%(all)s or key = any(%(keys)s))
order by finished_at desc, key
limit %(limit)s
