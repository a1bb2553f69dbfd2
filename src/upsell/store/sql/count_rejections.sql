-- What was refused since a moment, by source and code, with the newest message of each.
select source, code, count(*), max(rejected_at), (array_agg(message order by number desc))[1]
from rejections
where rejected_at >= moment(%(since)s)
group by source, code
order by count(*) desc, source, code
