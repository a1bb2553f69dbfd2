-- Add what was seen of kinds.
insert into seen_kinds (scope, property, kind, count, first_at, last_at)
select scope, property, kind, count, moment(first_at), moment(last_at)
from
    unnest(
        %(scopes)b::text[], %(properties)b::text[], %(kinds)b::text[], %(counts)b::bigint[],
        %(firsts)b::bigint[], %(lasts)b::bigint[]
    ) as seen (scope, property, kind, count, first_at, last_at)
on conflict (scope, property, kind) do update set
    count = seen_kinds.count + excluded.count,
    first_at = least(seen_kinds.first_at, excluded.first_at),
    last_at = greatest(seen_kinds.last_at, excluded.last_at)
