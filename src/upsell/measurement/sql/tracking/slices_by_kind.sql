-- The slice each attempt belongs to: the kind of the offers its workflow makes.
select
    attempts.workflow,
    attempts.unit_id,
    coalesce(workflows.kind, 'no longer live') as slice
from attempts
left join workflows on attempts.workflow = workflows.workflow
