-- Events of some names between two places of the ledger, in its order; imported history is told to nobody.
-- Months are not told apart by seen_at: what the core derives has that of its input, and may come much later.
select
    position, shard, household_id, message_id, name, occurred_at, seen_at,
    customer_id, account_id, properties, source, is_historical
from events
where
    position > %(after)s
    and position <= %(up_to)s
    and name = any(%(names)b::text[])
    and not is_historical
order by position
limit %(limit)s
