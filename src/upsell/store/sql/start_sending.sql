-- Say that a provider is about to be spoken to about these; one that was taken back meanwhile stays so.
update outbox
set
    state = 'sending',
    sending_at = moment(%(now)s),
    lease_ends_at = moment(%(lease_ends_at)s),
    attempts = attempts + 1,
    address = told.address
from unnest(%(keys)b::text[], %(addresses)b::text[]) as told (key, address)
where outbox.key = told.key and state = 'claimed' and claimed_by = %(claimer)s
returning outbox.key
