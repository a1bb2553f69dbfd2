-- One revision by its number.
select number, hash, documents, live_from, live_at, applied_at, note, edition
from revisions
where number = %(number)s
