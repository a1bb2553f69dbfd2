-- Close tasks; of several closings of one the earliest stands, and at one moment the one taken first. What somebody
-- says came of it goes before that its cause ended, also where it is said after; it is closed since the earlier.
update tasks
set
    closed_at = least(tasks.closed_at, moment(closed.closed)),
    outcome = closed.outcome,
    minutes = closed.minutes,
    closed_by = closed.closed_by,
    because = closed.because,
    amount = closed.amount,
    amount_currency = closed.currency
from (
    select distinct on (told.key)
        told.key, told.closed, told.outcome, told.minutes, told.closed_by, told.because, told.amount, told.currency
    from
        unnest(
            %(keys)b::text[], %(closed)b::bigint[], %(outcomes)b::text[], %(minutes)b::double precision[],
            %(closers)b::text[], %(becauses)b::text[], %(amounts)b::bigint[], %(currencies)b::text[]
        ) with ordinality as told (key, closed, outcome, minutes, closed_by, because, amount, currency, place)
    order by told.key, (told.outcome is not distinct from 'cause_ended'), told.closed, told.place
) as closed
where
    tasks.key = closed.key
    and (
        tasks.closed_at is null
        or (tasks.outcome = 'cause_ended' and closed.outcome is distinct from 'cause_ended')
        or (
            tasks.closed_at > moment(closed.closed)
            and (closed.outcome is distinct from 'cause_ended' or tasks.outcome = 'cause_ended')
        )
    )
