-- Let others at it again.
select pg_advisory_unlock(hashtextextended(%(key)s, 34))
