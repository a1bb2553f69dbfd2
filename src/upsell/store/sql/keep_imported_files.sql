-- Say which files an import reads.
insert into imported_files (import, name, size, hash)
select %(key)s, name, size, hash
from unnest(%(names)s::text[], %(sizes)s::bigint[], %(hashes)s::text[]) as read (name, size, hash)
on conflict do nothing
