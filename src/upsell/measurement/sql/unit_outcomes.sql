-- One row per contrast and exposed unit, zero included; an outcome is null while its window is open.
-- converted is 0 or 1; net_committed_revenue and recurring_revenue_change are whole minor units.
with converted as (
    select distinct
        first_exposures.contrast,
        first_exposures.unit_id
    from first_exposures
    inner join events
        on
            first_exposures.unit_id = events.unit_id
            and events.occurred_at at time zone 'UTC' > first_exposures.exposed_at
            and events.occurred_at at time zone 'UTC' <= first_exposures.goal_closes_at
    where events.name = $goal_event
),

committed as (
    select
        contrast,
        unit_id,
        cast(sum(amount) as bigint) as amount
    from (
        select contrast, unit_id, amount from dues
        union all
        select contrast, unit_id, -amount as amount from credits
        union all
        select contrast, unit_id, amount from trades
    ) as amounts
    group by contrast, unit_id
),

recurring as (
    select
        contrast,
        unit_id,
        cast(sum(
            monthly_amount
            * (
                case when ended_at is null or ended_at > horizon_closes_at then 1 else 0 end
                - case when started_at <= exposed_at then 1 else 0 end
            )
        ) as bigint) as change
    from running_terms
    group by contrast, unit_id
)

select
    $workflow as workflow,
    first_exposures.contrast,
    first_exposures.stratum,
    first_exposures.arm,
    first_exposures.unit_id,
    first_exposures.exposed_at at time zone 'UTC' as exposed_at,
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
