-- Count visits since a moment that were told, by kind and verdict.
select kind, verdict, count(*)
from visits
where visited_at >= moment(%(since)s) and verdict is not null
group by kind, verdict
order by kind, count(*) desc, verdict
