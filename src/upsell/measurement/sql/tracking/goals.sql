-- When each exposed unit first reached its workflow's goal inside the goal window; units without are absent.
select
    attempt_exposures.contrast as workflow,
    attempt_exposures.unit_id,
    min(events.occurred_at at time zone 'UTC') as reached_at
from attempt_exposures
inner join workflows on attempt_exposures.contrast = workflows.workflow
inner join events
    on
        attempt_exposures.unit_id = events.unit_id
        and workflows.goal_event = events.name
        and events.occurred_at at time zone 'UTC' > attempt_exposures.exposed_at
        and events.occurred_at at time zone 'UTC' <= attempt_exposures.goal_closes_at
        and events.occurred_at <= $as_of
group by attempt_exposures.contrast, attempt_exposures.unit_id
