-- How far has been learned of the ledger.
select position, seen_at, is_full from learned
