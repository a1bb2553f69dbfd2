-- Units that paid when they were exposed, and whether they still did at the end of a closed horizon.
select
    first_exposures.contrast as workflow,
    first_exposures.unit_id,
    first_exposures.arm,
    max(
        case
            when
                stretches.started_at <= first_exposures.horizon_closes_at
                and (stretches.ended_at is null or stretches.ended_at > first_exposures.horizon_closes_at)
                then 1
            else 0
        end
    ) as is_kept
from first_exposures
inner join stretches
    on
        first_exposures.unit_id = stretches.unit_id
        and stretches.monthly_amount > 0
        and not stretches.is_trialing
where first_exposures.is_horizon_closed
group by first_exposures.contrast, first_exposures.unit_id, first_exposures.arm
having
    max(
        case
            when
                stretches.started_at <= first_exposures.exposed_at
                and (stretches.ended_at is null or stretches.ended_at > first_exposures.exposed_at)
                then 1
            else 0
        end
    ) = 1
