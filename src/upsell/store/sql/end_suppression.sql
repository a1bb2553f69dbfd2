-- Let an address be written to again, whatever the cause or where it is the one that is given.
update suppressions
set ended_at = moment(%(at)s), ended_by = %(by)s, ended_why = %(why)s
where address = %(address)s and ended_at is null and reason = coalesce(%(reason)s::text, reason)
returning number
