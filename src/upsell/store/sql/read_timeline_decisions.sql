-- Decisions about a unit before one of them; the newest first.
select decided_at, number, workflow, reason, rule
from decisions
where unit_id = %(unit)s and (decided_at, number) < (moment(%(at)s), %(number)s)
order by number desc
limit %(most)s
