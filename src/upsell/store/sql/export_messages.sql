-- Every message to a customer, wherever it stands; what is mailed to owners concerns no household.
select
    key, household_id, unit_id, customer_id, enrollment, workflow, version, step, visit, channel, intent, content,
    offer, arm, terms, reserved_at, state, attempts, sending_at, finished_at, provider_id, reason
from outbox
where household_id <> ''
order by reserved_at, key
