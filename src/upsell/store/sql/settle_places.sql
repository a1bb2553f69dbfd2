-- Count messages that were on their way from when they were said.
update places
set reserved_at = greatest(reserved_at, moment(%(at)s)), is_open = false
where key = any(%(keys)b::text[]) and is_open
