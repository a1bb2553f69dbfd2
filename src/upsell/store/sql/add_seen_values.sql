-- Add what was seen of values that the catalog must know.
insert into seen_values (field, value, count, last_at)
select field, value, count, moment(last_at)
from
    unnest(%(fields)b::text[], %(values)b::text[], %(counts)b::bigint[], %(lasts)b::bigint[])
        as seen (field, value, count, last_at)
on conflict (field, value) do update set
    count = seen_values.count + excluded.count,
    last_at = greatest(seen_values.last_at, excluded.last_at)
