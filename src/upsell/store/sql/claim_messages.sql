-- Claim messages that may be tried now; those another dispatcher is claiming are passed over.
with due as (
    select key
    from outbox
    where state = 'reserved' and next_attempt_at <= moment(%(now)s)
    order by next_attempt_at
    limit %(limit)s
    for update skip locked
)

update outbox
set state = 'claimed', claimed_by = %(claimer)s, lease_ends_at = moment(%(lease_ends_at)s)
from due
where outbox.key = due.key
returning
    outbox.key, enrollment, workflow, version, step, visit, unit_id, customer_id, channel, intent,
    content, offer, arm, trigger, terms, reserved_at, household_id, shard, attempts, number
