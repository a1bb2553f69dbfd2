-- What was heard of a message: events of its household that name its key, among the first since it was reserved.
select looked.occurred_at, looked.name, looked.source, looked.properties
from (
    select position, occurred_at, name, source, properties
    from events
    where household_id = %(household)s and seen_at >= moment(%(since)s)
    order by position
    limit %(look)s
) as looked
where strpos(looked.properties, %(key)s) > 0
order by looked.position
limit %(most)s
