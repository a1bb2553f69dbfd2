-- Every guardrail that was broken, in the order in which it was found.
select
    number, workflow, guardrail, action, words, found_at, ended_at, coalesce(ended_by, ''),
    coalesce(why, ''), notice, notice_to, notice_detail
from breaches
order by number
