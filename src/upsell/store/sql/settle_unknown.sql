-- Say what became of unknown messages: they were sent, or the provider never had them and they are reserved again.
update outbox
set
    state = told.state,
    reason = told.reason,
    provider_id = told.provider_id,
    next_attempt_at = coalesce(moment(told.next_attempt_at), outbox.next_attempt_at),
    finished_at = case when told.state = 'reserved' then null else finished_at end,
    claimed_by = null,
    lease_ends_at = null
from
    unnest(%(keys)b::text[], %(states)b::text[], %(reasons)b::text[], %(providers)b::text[], %(nexts)b::bigint[])
    as told (key, state, reason, provider_id, next_attempt_at)
where outbox.key = told.key and outbox.state = 'unknown'
returning outbox.key
