-- What each workflow decided last about some units, up to a moment: a few decisions each, oldest first.
with decided as (
    select
        workflow, number, decided_at, reason, rule,
        row_number() over (partition by workflow order by number desc) as place
    from decisions
    where unit_id = any(%(units)s::text[]) and decided_at <= moment(%(at)s)
)

select workflow, decided_at, reason, rule
from decided
where place <= %(most)s
order by workflow, number
