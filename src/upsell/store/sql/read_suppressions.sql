-- The record of suppressions, the newest first: of one address or of all, those that ended too if asked for.
select number, address, shown, reason, source, why, since, ended_at, ended_by, ended_why
from suppressions
where
    (%(address)b::text is null or address = %(address)b::text)
    and (ended_at is null or %(with_ended)s)
order by number desc
limit %(limit)s
