-- Keep what is claimed and not yet begun for as long as a lease from now.
update outbox
set lease_ends_at = moment(%(lease_ends_at)s)
where key = any(%(keys)b::text[]) and state = 'claimed' and claimed_by = %(claimer)s
