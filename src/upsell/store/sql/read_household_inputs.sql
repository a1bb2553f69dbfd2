-- Inputs of some households in ledger order, after a position and up to a moment.
select
    position, shard, household_id, message_id, name, occurred_at, seen_at,
    customer_id, account_id, properties, source, is_historical
from events
where
    household_id = any(%(households)b::text[])
    and position > %(after)s
    and seen_at >= moment(%(since)s)
    and seen_at <= moment(%(until)s)
    and name = any(%(names)b::text[])
    and not is_derived
order by position
