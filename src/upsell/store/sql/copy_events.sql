-- Append rows to the ledger.
copy events (
    position, seen_at, occurred_at, shard, household_id, customer_id, account_id,
    name, message_id, source, properties, is_derived, is_historical
) from stdin (format binary)
