-- Those of some addresses that are suppressed.
select number, address, reason, source, why
from suppressions
where ended_at is null and address = any(%(addresses)b::text[])
