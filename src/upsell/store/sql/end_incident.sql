-- Let an incident for everyone be over; one that is over or unknown stays as it is.
update incidents
set ended_at = moment(%(at)s)
where id = %(id)s and ended_at is null
