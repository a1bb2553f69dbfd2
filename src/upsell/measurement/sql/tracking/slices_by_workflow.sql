-- The slice each attempt belongs to: its workflow.
select workflow, unit_id, workflow as slice
from attempts
