-- Let go on from now on.
update stops
set ended_at = moment(%(at)s), ended_by = %(by)s, ended_because = %(because)s
where channel = %(channel)s and workflow = %(workflow)s and ended_at is null
