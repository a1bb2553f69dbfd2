-- Inputs of some shards by name, in ledger order: after one position, up to and including another.
select
    position, shard, household_id, message_id, name, occurred_at, seen_at,
    customer_id, account_id, properties, source, is_historical
from events
where
    position > %(after)s
    and position <= %(up_to)s
    and seen_at >= moment(%(since)s)
    and shard = any(%(shards)b::smallint[])
    and name = any(%(names)b::text[])
    and not is_derived
order by position
limit %(limit)s
