-- A mail that a provider accepted after a moment and before another, the first of them.
select
    key, enrollment, workflow, version, step, visit, unit_id, customer_id, channel, intent,
    content, offer, arm, trigger, terms, reserved_at, household_id, shard, attempts, number,
    provider, message_id, sending_at
from outbox
where
    state = 'sent' and channel = 'email' and provider = %(provider)s
    and sending_at >= moment(%(after)s) and sending_at <= moment(%(before)s)
order by sending_at
limit 1
