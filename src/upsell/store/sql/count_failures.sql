-- Messages that failed for good since a moment, by channel and reason, the most frequent first.
select channel, coalesce(reason, ''), count(*)
from outbox
where state = 'failed' and finished_at >= moment(%(since)s)
group by channel, reason
order by count(*) desc, channel, reason
limit 10
