-- Close tasks; of several closings of one the earliest stands, and at one moment the one taken first.
update tasks
set closed_at = moment(closed.closed), outcome = closed.outcome, minutes = closed.minutes
from (
    select distinct on (told.key) told.key, told.closed, told.outcome, told.minutes
    from
        unnest(
            %(keys)b::text[], %(closed)b::bigint[], %(outcomes)b::text[], %(minutes)b::double precision[]
        ) with ordinality as told (key, closed, outcome, minutes, place)
    order by told.key, told.closed, told.place
) as closed
where tasks.key = closed.key and (tasks.closed_at is null or tasks.closed_at > moment(closed.closed))
