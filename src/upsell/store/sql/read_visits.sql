-- Visits of messages that are still held back, and those shortly before them, in order.
select number, kind, link, second, said, visited_at, verdict
from visits
where
    number = any(%(numbers)b::bigint[])
    and (verdict is null or visited_at >= moment(%(since)s))
order by number, visited_at, kind, link, said
