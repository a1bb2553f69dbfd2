-- Units whose ids begin so, in order, after one.
select unit_id, household_id
from units
where unit_id like %(pattern)s and unit_id ~>~ %(after)s
order by unit_id using ~<~
limit %(most)s
