-- Revisions in order, from a number on.
select number, hash, documents, live_from, live_at, applied_at, note, edition
from revisions
where number >= %(since)s
order by number
