-- One row per contrast and exposed unit, zero included, of what one window each decides; an outcome is null
-- while its window is open.
with converted as (
    select distinct
        first_exposures.contrast,
        first_exposures.unit_id
    from first_exposures
    inner join events
        on
            first_exposures.unit_id = events.unit_id
            and events.occurred_at at time zone 'UTC' > first_exposures.goal_opens_at
            and events.occurred_at at time zone 'UTC' <= first_exposures.goal_closes_at
    where events.name = $goal_event
)

select
    first_exposures.contrast,
    first_exposures.stratum,
    first_exposures.arm,
    first_exposures.unit_id,
    first_exposures.exposed_at,
    first_exposures.is_regret_closed,
    case
        when first_exposures.is_goal_closed
            then case when converted.unit_id is null then 0 else 1 end
    end as conversion,
    case when first_exposures.is_horizon_closed then coalesce(committed.amount, 0) end
    as net_committed_revenue,
    case when first_exposures.is_horizon_closed then coalesce(recurring.change, 0) end
    as recurring_revenue_change
from first_exposures
left join converted
    on first_exposures.contrast = converted.contrast and first_exposures.unit_id = converted.unit_id
left join committed
    on first_exposures.contrast = committed.contrast and first_exposures.unit_id = committed.unit_id
left join recurring
    on first_exposures.contrast = recurring.contrast and first_exposures.unit_id = recurring.unit_id
