-- Claim messages that may be tried now; those another dispatcher is claiming are passed over, and what is
-- stopped is left where it is.
with due as (
    select key
    from outbox
    where
        state = 'reserved'
        and next_attempt_at <= moment(%(now)s)
        and not exists (select from stops where ended_at is null and channel = '' and workflow = '')
        and channel <> all (array(select channel from stops where ended_at is null and channel <> ''))
        and workflow <> all (array(select workflow from stops where ended_at is null and workflow <> ''))
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
    content, offer, arm, trigger, terms, reserved_at, household_id, shard, attempts
