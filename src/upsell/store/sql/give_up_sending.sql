-- Messages whose provider was being spoken to when their dispatcher was lost: nobody knows, and they are not sent again.
update outbox
set state = 'unknown', reason = %(reason)s, finished_at = moment(%(now)s)
where state = 'sending' and lease_ends_at <= moment(%(now)s)
returning
    key, enrollment, workflow, version, step, visit, unit_id, customer_id, channel, intent,
    content, offer, arm, trigger, terms, reserved_at, household_id, shard, attempts, number
