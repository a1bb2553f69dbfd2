-- Keep decisions.
copy decisions (unit_id, workflow, version, decided_at, reason, rule, seen, enrollment)
from stdin (format binary)
