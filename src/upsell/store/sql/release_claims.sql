-- Give back what was claimed by a dispatcher that has not been heard of: nobody was spoken to about it.
update outbox
set state = 'reserved', claimed_by = null, lease_ends_at = null
where state = 'claimed' and lease_ends_at <= moment(%(now)s)
