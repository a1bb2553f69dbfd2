-- What came after what was learned, in ledger order; what the core derived is ours and not among it.
select position, name, source, occurred_at, seen_at, properties, is_historical
from events
where position > %(after)s and seen_at >= moment(%(since)s) and not is_derived
order by position
limit %(limit)s
