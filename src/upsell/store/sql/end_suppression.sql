-- Let an address be written to again.
update suppressions
set ended_at = moment(%(at)s), ended_by = %(by)s, ended_why = %(why)s
where address = %(address)s and ended_at is null
returning number
