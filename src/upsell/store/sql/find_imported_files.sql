-- Files read before, by content, with whether that import used this mapping and was finished.
select read.hash, min(imports.finished_at)
from imported_files as read
inner join imports on read.import = imports.key
where
    read.hash = any(%(hashes)s) and imports.mapping = %(mapping)s
    and imports.is_historical = %(is_historical)s and imports.finished_at is not null
group by read.hash
