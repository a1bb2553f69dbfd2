-- Keep the benchmarks of a day.
insert into benchmarks (day, metric, is_account, family, size, trait, value, units, low, median, high)
select %(day)s, metric, is_account, family, size, trait, value, units, low, median, high
from
    unnest(
        %(metrics)b::text[], %(accounts)b::boolean[], %(families)b::text[], %(sizes)b::smallint[],
        %(traits)b::text[], %(values)b::text[], %(units)b::integer[], %(lows)b::double precision[],
        %(medians)b::double precision[], %(highs)b::double precision[]
    ) as made (metric, is_account, family, size, trait, value, units, low, median, high)
