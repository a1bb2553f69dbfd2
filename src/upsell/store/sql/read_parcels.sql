-- What a sink has not taken: what is dead, or what waits, the first first.
select id, position, name, attempts, first_at, retry_at, died_at, said
from sink_parcels
where sink = %(sink)s and (died_at is not null) = %(is_dead)s
order by position
limit %(limit)s
