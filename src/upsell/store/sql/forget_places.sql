-- Forget places that no cap counts any more.
delete from places
where reserved_at <= moment(%(before)s)
