-- Every pause by a guardrail, the first first.
select workflow, words, found_at, ended_at
from breaches
where action = 'pause'
order by found_at, number
