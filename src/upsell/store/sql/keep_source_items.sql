-- Remember what a source sends, in the transaction that appends it.
insert into source_items (source, key, hash, names, number)
select %(source)s, key, hash, names, %(number)s
from unnest(%(keys)s::text[], %(hashes)s::bytea[], %(names)s::text[]) as sent (key, hash, names)
on conflict (source, key) do update set hash = excluded.hash, names = excluded.names, number = excluded.number
