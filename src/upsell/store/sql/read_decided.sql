-- What was decided about orders, the newest first.
select number, key, act, done_by, because, words, total, most, currency, done_at
from approvals
where act <> 'asked' and (%(before)s::bigint is null or number < %(before)s::bigint)
order by number desc
limit %(most)s
