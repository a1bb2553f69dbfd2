-- What was refused since a moment among the newest refusals, by source and code, with the newest message of each.
with newest as (
    select number, rejected_at, source, code, message
    from rejections
    order by number desc
    limit %(look)s
)

select source, code, count(*), max(rejected_at), (array_agg(message order by number desc))[1]
from newest
where rejected_at >= moment(%(since)s)
group by source, code
order by count(*) desc, source, code
