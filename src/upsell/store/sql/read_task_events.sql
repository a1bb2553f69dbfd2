-- What became of a task, the newest first, as far as the newest events of its household go back. Asked as a range
-- of one household, so that no index over all households is read backwards for one that has been quiet.
select occurred_at, name, properties
from (
    select position, occurred_at, name, properties
    from events
    where household_id between %(household)s and %(household)s and seen_at >= moment(%(since)s)
    order by household_id desc, position desc
    limit %(looked)s
) as newest
where name = any(%(names)s::text[]) and properties like '%%' || %(key)s || '%%'
order by position desc
limit %(most)s
