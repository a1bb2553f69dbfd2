-- Say how far the ledger reaches now, and wake whoever waits for events; heard when the transaction commits.
with moved as (
    update ledger_head
    set position = %(position)s, seen_at = moment(%(seen_at)s)
    returning position
)

select pg_notify(%(channel)s, '')
from moved
