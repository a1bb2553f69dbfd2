-- Every answer behind a number and up to another, in the order of their numbers.
select number, unit_id, workflow, version, decided_at, reason, rule, seen, enrollment
from decisions
where number > %(after)s and number <= %(up_to)s
order by number
