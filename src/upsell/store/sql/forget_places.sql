-- Forget places that no cap counts any more; one on its way is held longer.
delete from places
where reserved_at <= moment(%(before)s) and (not is_open or reserved_at <= moment(%(open_before)s))
