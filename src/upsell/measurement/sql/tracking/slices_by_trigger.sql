-- The slice each attempt belongs to: what starts its workflow as it is live.
select
    attempts.workflow,
    attempts.unit_id,
    coalesce(workflows.trigger_kind, 'no longer live') as slice
from attempts
left join workflows on attempts.workflow = workflows.workflow
