-- The revision applied last.
select number, hash, documents, live_from, live_at, applied_at, note, edition
from revisions
order by number desc
limit 1
