-- Say what became of messages; those that are no longer the claimer's stay as they are. A message whose
-- lease ended while the provider was still answering is settled by that answer.
update outbox
set
    state = told.state,
    reason = told.reason,
    provider_id = told.provider_id,
    mailbox = told.mailbox,
    next_attempt_at = coalesce(moment(told.next_attempt_at), outbox.next_attempt_at),
    finished_at = case when told.state = 'reserved' then null else moment(%(now)s) end,
    claimed_by = null,
    lease_ends_at = null,
    attempts = outbox.attempts - (not told.is_attempt and outbox.state = 'sending')::integer
from
    unnest(
        %(keys)b::text[], %(states)b::text[], %(reasons)b::text[], %(providers)b::text[], %(nexts)b::bigint[],
        %(mailboxes)b::text[], %(attempted)b::boolean[]
    ) as told (key, state, reason, provider_id, next_attempt_at, mailbox, is_attempt)
where
    outbox.key = told.key
    and outbox.claimed_by = %(claimer)s
    and outbox.state in ('claimed', 'sending', 'unknown')
returning outbox.key
