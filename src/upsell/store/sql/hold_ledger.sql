-- Hold the ledger until the transaction ends, and tell its last position, moment and months.
select position, seen_at, months from ledger_head for update
