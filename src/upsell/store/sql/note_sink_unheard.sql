-- Say why a desk could not be asked which of its tasks were closed, and from when on it is to be, where nothing says.
update sinks
set unheard = %(unheard)s, heard_at = coalesce(heard_at, moment(%(since)s))
where name = %(sink)s and unheard <> %(unheard)s
