-- What was tested and found, oldest first.
select workflow, version, vary, arm, closed_at, closed_by, why, record
from experiments_closed
order by number
