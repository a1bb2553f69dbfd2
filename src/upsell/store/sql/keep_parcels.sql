-- Keep what a sink did not take, as it stands after its last attempt.
insert into sink_parcels (sink, position, seen_at, id, name, attempts, first_at, retry_at, died_at, said, is_fault)
select
    %(sink)s, position, moment(seen_at), id, name, attempts, moment(first_at), moment(retry_at), moment(died_at),
    said, is_fault
from
    unnest(
        %(positions)s::bigint[], %(seen)s::bigint[], %(ids)s::text[], %(names)s::text[], %(attempts)s::integer[],
        %(firsts)s::bigint[], %(retries)s::bigint[], %(deaths)s::bigint[], %(said)s::text[], %(faults)s::boolean[]
    ) as kept (position, seen_at, id, name, attempts, first_at, retry_at, died_at, said, is_fault)
on conflict (sink, position) do update
set
    attempts = excluded.attempts, retry_at = excluded.retry_at, died_at = excluded.died_at, said = excluded.said,
    is_fault = excluded.is_fault
