-- One import by its key.
select
    token, started_at, moved_at, finished_at, seen_at, place, events, appended, duplicates, conflicts,
    rejected, skipped
from imports
where key = %(key)s
