-- Say how far an import is, in the transaction that appends what is before.
update imports
set
    moved_at = moment(%(now)s), seen_at = %(seen_at)s, place = %(place)s,
    appended = appended + %(appended)s, duplicates = duplicates + %(duplicates)s,
    conflicts = conflicts + %(conflicts)s
where key = %(key)s
