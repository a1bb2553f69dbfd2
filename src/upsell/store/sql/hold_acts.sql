-- Wait until nobody else is between counting what was done and doing it.
select pg_advisory_xact_lock(%(lock)s)
