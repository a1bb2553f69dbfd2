-- Every incident for everyone, the first first.
select id, title, started_at, ended_at
from incidents
order by started_at, id
