-- Let open tasks be of other households.
update tasks
set household_id = moved.household_id
from unnest(%(keys)b::text[], %(households)b::text[]) as moved (key, household_id)
where tasks.key = moved.key and tasks.closed_at is null
