-- What was decided about one passage, the first first.
select decided_at, reason, rule, seen
from decisions
where unit_id = %(unit)s and enrollment = %(enrollment)s
order by number
