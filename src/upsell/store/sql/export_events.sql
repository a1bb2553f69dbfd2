-- Every event behind a position and up to another, in the order of the ledger.
select
    position, seen_at, occurred_at, household_id, customer_id, account_id, name, message_id, source, properties,
    is_derived, is_historical
from events
where position > %(after)s and position <= %(up_to)s
order by position
