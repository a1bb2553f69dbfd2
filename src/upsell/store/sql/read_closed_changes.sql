-- Changes that went live, were refused or were withdrawn, the newest first, before a number.
select number, state, made_from, hash, because, proposed_by, proposed_at, revision
from changes
where
    state in ('refused', 'launched', 'withdrawn')
    and (%(before)s::bigint is null or number < %(before)s)
order by number desc
limit %(most)s
