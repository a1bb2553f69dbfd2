-- How far the ledger reaches.
select position, seen_at from ledger_head
