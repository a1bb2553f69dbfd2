-- What was tested and found, the newest first.
select workflow, version, vary, arm, closed_at, closed_by, why, record, number
from experiments_closed
where
    (%(before)s::bigint is null or number < %(before)s::bigint)
    and (%(workflow)s::text = '' or workflow = %(workflow)s::text)
order by number desc
limit %(most)s
