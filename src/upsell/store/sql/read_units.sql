-- Rows of these units.
select unit_id, household_id, state, engaged, taken_at
from units
where unit_id = any(%(units)b::text[])
