-- What users did, the newest first, before a number; of one user where one is named: what they did, and what was
-- done about them, each by an index of its own.
with of_one as (
    (
        select number from acts
        where done_by = %(by)s and (%(before)s::bigint is null or number < %(before)s)
        order by number desc
        limit %(most)s
    )
    union
    (
        select number from acts
        where about = %(by)s and (%(before)s::bigint is null or number < %(before)s)
        order by number desc
        limit %(most)s
    )
)

select number, done_at, done_by, act, about, words, because
from acts
where
    (%(before)s::bigint is null or number < %(before)s)
    and (%(by)s = '' or number in (select of_one.number from of_one))
order by number desc
limit %(most)s
