-- What became of a task, the newest first, as far as the newest events of its household go back.
select occurred_at, name, properties
from (
    select position, occurred_at, name, properties
    from events
    where household_id = %(household)s and seen_at >= moment(%(since)s)
    order by position desc
    limit %(looked)s
) as newest
where name = any(%(names)s::text[]) and properties like '%%' || %(key)s || '%%'
order by position desc
limit %(most)s
