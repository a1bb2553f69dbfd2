-- What was recorded of a household's prompts after a position of the ledger.
select message_id, name, seen_at, properties
from events
where household_id = %(household)s and position > %(position)s and is_derived and name = any(%(names)s)
order by position
