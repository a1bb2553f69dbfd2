-- Put an open task off; no row where it is put off so already.
update tasks
set snoozed_until = moment(%(until)s)
where key = %(key)s and closed_at is null and snoozed_until is distinct from moment(%(until)s)
