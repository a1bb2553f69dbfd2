-- Let what waits because a sink did not answer be tried at once, now that it does; the next attempt costs nothing.
update sink_parcels
set retry_at = moment(%(now)s), attempts = greatest(attempts - 1, 1)
where sink = %(sink)s and died_at is null and is_fault and retry_at > moment(%(now)s)
