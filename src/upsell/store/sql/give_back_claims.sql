-- Give back what a dispatcher claimed and will not begin.
update outbox
set state = 'reserved', claimed_by = null, lease_ends_at = null
where key = any(%(keys)b::text[]) and state = 'claimed' and claimed_by = %(claimer)s
