-- Be the only one at some work as long as the session lasts; false when another is.
select pg_try_advisory_lock(hashtextextended(%(key)s, 34))
