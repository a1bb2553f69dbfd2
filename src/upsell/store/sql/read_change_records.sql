-- What was done about a change, the first first.
select act, done_by, done_at, because, hash
from change_records
where change = %(change)s
order by number
