-- What messages that somebody answered were, by their keys.
select key, workflow, step, content, reserved_at
from outbox
where key = any(%(keys)b::text[])
