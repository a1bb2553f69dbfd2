-- How often each kind of trouble was told of a unit in its closed horizon after exposure, zero included.
with kinds as (
    select 'Consent Withdrawn' as name
    union all
    select 'Message Complained' as name
    union all
    select 'Refunded' as name
    union all
    select 'Ticket Opened' as name
)

select
    attempt_exposures.contrast as workflow,
    attempt_exposures.unit_id,
    attempt_exposures.arm,
    kinds.name,
    count(events.unit_id) as times
from attempt_exposures
cross join kinds
left join events
    on
        attempt_exposures.unit_id = events.unit_id
        and kinds.name = events.name
        -- A withdrawal that ends by itself is a pause.
        and (kinds.name <> 'Consent Withdrawn' or cast(events.properties as json) ->> '$.until' is null)
        and events.occurred_at at time zone 'UTC' > attempt_exposures.exposed_at
        and events.occurred_at at time zone 'UTC' <= attempt_exposures.horizon_closes_at
where attempt_exposures.is_horizon_closed
group by attempt_exposures.contrast, attempt_exposures.unit_id, attempt_exposures.arm, kinds.name
