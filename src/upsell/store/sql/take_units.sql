-- Rows of these units, held until the transaction ends; always in one order, so that two never wait for each other.
select unit_id, household_id, state, engaged, taken_at
from units
where unit_id = any(%(units)b::text[])
order by unit_id
for update
