-- Definitions as they were applied; the documents are JSON, text by path.
select number, hash, documents, live_from, live_at, applied_at, note, edition::integer as edition
from revisions
order by number
