-- Add what was seen on days.
insert into seen_days (source, name, day, count, late)
select source, name, day, count, late
from
    unnest(
        %(sources)b::text[], %(names)b::text[], %(days)b::integer[], %(counts)b::bigint[], %(late)b::bigint[]
    ) as seen (source, name, day, count, late)
on conflict (source, name, day) do update set
    count = seen_days.count + excluded.count,
    late = seen_days.late + excluded.late
