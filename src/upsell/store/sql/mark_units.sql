-- Which version of their rows these units have, and of the households they live in.
select watched.unit_id, units.unit_id, units.xmin::text
from unnest(%(units)b::text[]) as watched (unit_id)
left join units as home on home.unit_id = watched.unit_id
join units on units.unit_id in (watched.unit_id, home.household_id)
