-- The household each of these units lives in.
select unit_id, household_id
from units
where unit_id = any(%(units)b::text[])
