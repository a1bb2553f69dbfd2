-- Units that a workflow let in up to a moment, by how.
select reason, count(distinct unit_id)
from decisions
where
    workflow = %(workflow)s
    and reason in ('enrolled', 'held_out', 'control')
    and decided_at <= moment(%(as_of)s)
group by reason
