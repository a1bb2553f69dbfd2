-- What users did, the newest first, before a number; of one user where one is named.
select number, done_at, done_by, act, about, words, because
from acts
where
    (%(before)s::bigint is null or number < %(before)s)
    and (%(by)s = '' or done_by = %(by)s or about = %(by)s)
order by number desc
limit %(most)s
