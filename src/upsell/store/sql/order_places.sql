-- Let one transaction at a time give places their numbers, so that their order is the order of commits.
select pg_advisory_xact_lock(%(lock)s)
