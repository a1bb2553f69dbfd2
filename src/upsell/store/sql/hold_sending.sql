-- Wait until nobody is between asking what is stopped and saying that a provider is about to be spoken to.
select pg_advisory_xact_lock(%(lock)s)
