-- Every member of these accounts.
select unit_id, household_id, state, engaged, taken_at
from units
where household_id = any(%(households)b::text[]) and household_id <> unit_id
