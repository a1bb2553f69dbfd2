-- Say which sinks are live; one that was not is told of what comes after a place.
with gone as (
    update sinks set is_live = false where is_live and not name = any(%(names)s::text[])
)
insert into sinks (name, is_live, position, moved_at)
select name, true, %(position)s, moment(%(seen_at)s)
from unnest(%(names)s::text[]) as live (name)
on conflict (name) do update
set is_live = true, position = excluded.position, moved_at = excluded.moved_at
where not sinks.is_live
