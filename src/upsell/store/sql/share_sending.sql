-- Let no stop be thrown until this transaction ends.
select pg_advisory_xact_lock_shared(%(lock)s)
