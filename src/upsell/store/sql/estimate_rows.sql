-- About how many rows a table holds, by its statistics; -1 where nothing was gathered yet.
select greatest(sum(reltuples), -1)::bigint
from pg_class
where oid = %(table)s::regclass or oid in (select inhrelid from pg_inherits where inhparent = %(table)s::regclass)
