-- Say how far the ledger reaches now.
update ledger_head
set position = %(position)s, seen_at = moment(%(seen_at)s)
