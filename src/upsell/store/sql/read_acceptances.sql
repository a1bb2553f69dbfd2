-- Offers that were taken after a position of the ledger, in its order.
select position, seen_at, properties
from events
where name = 'Offer Accepted' and position > %(after)s
order by position
