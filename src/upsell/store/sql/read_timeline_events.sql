-- Events of a household, or of one customer in it, before a place in the ledger; the newest first.
select seen_at, position, occurred_at, name, source, properties, is_derived
from events
where
    household_id = %(household)s
    and seen_at <= moment(%(at)s)
    and (seen_at, position) < (moment(%(at)s), %(number)s)
    and (%(customer)s::text is null or customer_id = %(customer)s)
order by position desc
limit %(most)s
