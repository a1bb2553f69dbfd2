-- Add what came again.
insert into repeats (source, outcome, day, count)
select source, outcome, day, count
from
    unnest(%(sources)s::text[], %(outcomes)s::text[], %(days)s::integer[], %(counts)s::bigint[])
        as seen (source, outcome, day, count)
on conflict (source, outcome, day) do update set count = repeats.count + excluded.count
