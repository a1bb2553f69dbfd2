-- Every stop there was, the first first.
select number, channel, workflow, started_at, started_by, because, ended_at, ended_by, ended_because
from stops
order by number
