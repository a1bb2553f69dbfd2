-- What came again since a day, by source and by what became of it.
select source, outcome, sum(count)::bigint
from repeats
where day >= %(since)s
group by source, outcome
order by source, outcome
