-- Keep letters as they are handed over now; an earlier attempt's is replaced.
insert into letters (key, kept_at, pattern, packed)
select key, moment(%(now)s), pattern, packed
from unnest(%(keys)b::text[], %(patterns)b::bytea[], %(packed)b::bytea[]) as handed (key, pattern, packed)
on conflict (key) do update set kept_at = excluded.kept_at, pattern = excluded.pattern, packed = excluded.packed
