-- Remember when keys were last used.
update keys
set last_used_at = greatest(last_used_at, moment(%(at)s))
where number = any(%(numbers)s::bigint[])
