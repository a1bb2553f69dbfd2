-- Say what became of a message of which nobody knew; an answer that comes later changes nothing any more.
update outbox
set state = %(state)s, reason = %(reason)s, finished_at = moment(%(now)s), claimed_by = null, lease_ends_at = null
where key = %(key)s and state = 'unknown'
returning
    key, enrollment, workflow, version, step, visit, unit_id, customer_id, channel, intent,
    content, offer, arm, trigger, terms, reserved_at, household_id, shard, attempts, number
