-- Files read before under one of these names, the newest first.
select read.name, read.size, read.hash, imports.moved_at
from imported_files as read
inner join imports on read.import = imports.key
where read.name = any(%(names)s)
order by imports.moved_at desc, read.hash
