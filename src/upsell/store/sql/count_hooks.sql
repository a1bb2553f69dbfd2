-- What came to webhooks since a day and is no event, by hook and by what became of it.
select hook, outcome, sum(count)::bigint, max(last_at)
from hook_counts
where day >= %(since)s
group by hook, outcome
order by hook, outcome
