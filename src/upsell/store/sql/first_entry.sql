-- When a workflow first let somebody in; nothing where it never did. The index decisions_entries answers it.
select decided_at
from decisions
where workflow = %(workflow)s and reason in ('enrolled', 'held_out', 'control')
order by number
limit 1
