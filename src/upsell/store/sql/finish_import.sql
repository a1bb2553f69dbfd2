-- Say that an import is done.
update imports
set finished_at = moment(%(now)s), moved_at = moment(%(now)s), rejected = %(rejected)s, skipped = %(skipped)s
where key = %(key)s
