-- Promise that nothing will be appended with an earlier moment, and tell how far the ledger reaches.
update ledger_head
set seen_at = greatest(seen_at, moment(%(now)s))
returning position, seen_at
