-- When the first input after a position was seen; none when all are taken.
select seen_at
from events
where position > %(after)s and seen_at >= moment(%(since)s) and not is_derived
order by position
limit 1
