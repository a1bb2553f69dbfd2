-- Where an event is in the ledger: whose it is, and when it was seen.
select household_id, customer_id, seen_at
from events
where position = %(position)s
