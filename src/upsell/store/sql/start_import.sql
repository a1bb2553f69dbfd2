-- Begin an import, or begin it anew because what was staged is gone.
insert into imports (
    key, mapping, is_historical, token, started_at, moved_at, finished_at, seen_at, place,
    events, appended, duplicates, conflicts, rejected, skipped
)
values (
    %(key)s, %(mapping)s, %(is_historical)s, %(token)s, moment(%(now)s), moment(%(now)s), null, -1, -1,
    %(events)s, 0, 0, 0, 0, 0
)
on conflict (key) do update set
    token = excluded.token, started_at = excluded.started_at, moved_at = excluded.moved_at,
    finished_at = null, seen_at = -1, place = -1, events = excluded.events,
    appended = 0, duplicates = 0, conflicts = 0, rejected = 0, skipped = 0
