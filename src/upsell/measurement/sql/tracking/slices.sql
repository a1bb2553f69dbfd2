-- The slice each attempt belongs to: one and the same for all.
select workflow, unit_id, 'all' as slice
from attempts
