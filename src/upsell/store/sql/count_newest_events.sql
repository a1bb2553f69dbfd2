-- How many of the newest events, of those that came in since a moment, go by which name, and how many were looked at.
with newest as materialized (
    select name, seen_at, is_derived
    from events
    order by position desc
    limit %(look)s
)

select
    newest.name,
    count(*),
    (select count(*) from newest as looked where looked.seen_at >= moment(%(since)s))
from newest
where newest.seen_at >= moment(%(since)s) and not newest.is_derived
group by newest.name
