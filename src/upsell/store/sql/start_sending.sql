-- Say that a provider is about to be spoken to about these, and which; one that was taken back meanwhile stays so.
update outbox
set
    state = 'sending',
    sending_at = moment(%(now)s),
    lease_ends_at = moment(%(lease_ends_at)s),
    attempts = attempts + 1,
    provider = started.provider,
    message_id = started.message_id
from
    unnest(%(keys)b::text[], %(providers)b::text[], %(message_ids)b::text[])
    as started (key, provider, message_id)
where outbox.key = started.key and state = 'claimed' and claimed_by = %(claimer)s
returning outbox.key
