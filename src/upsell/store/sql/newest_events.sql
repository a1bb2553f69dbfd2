-- The newest events, in descending order of the ledger.
select position, occurred_at, seen_at, household_id, customer_id, account_id, name, source, properties, is_derived
from events
order by position desc
limit %(most)s
