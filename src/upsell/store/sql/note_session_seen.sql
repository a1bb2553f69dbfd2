-- Remember that a session was used.
update sessions set seen_at = greatest(seen_at, moment(%(at)s)) where hash = %(hash)s
