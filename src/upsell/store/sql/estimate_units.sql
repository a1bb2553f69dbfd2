-- How many units of a kind there are by the planner's statistics.
explain (format json)
select 1
from units
where unit_id ~>=~ %(from)s and unit_id ~<~ %(until)s
