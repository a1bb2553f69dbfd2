-- Say how far has been learned.
update learned
set position = %(position)s, seen_at = moment(%(seen_at)s), is_full = is_full or %(is_full)s
