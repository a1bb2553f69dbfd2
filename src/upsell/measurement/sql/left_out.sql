-- What a reading leaves out of closed horizons instead of adding it up wrongly: stretches, orders and
-- refunds in another currency, and what could not be read (currency null), by contrast and arm.
with omitted as (
    select
        first_exposures.contrast,
        first_exposures.arm,
        first_exposures.unit_id,
        stretches.currency
    from first_exposures
    inner join stretches
        on
            first_exposures.unit_id = stretches.unit_id
            and stretches.started_at <= first_exposures.horizon_closes_at
            and (stretches.ended_at is null or stretches.ended_at > first_exposures.exposed_at)
    where first_exposures.is_horizon_closed and stretches.currency <> $currency
    union all
    select
        first_exposures.contrast,
        first_exposures.arm,
        first_exposures.unit_id,
        case when money_events.amount is not null then money_events.currency end as currency
    from first_exposures
    inner join money_events
        on
            first_exposures.unit_id = money_events.unit_id
            and money_events.occurred_at > first_exposures.exposed_at
            and money_events.occurred_at <= first_exposures.horizon_closes_at
    where
        first_exposures.is_horizon_closed
        and not money_events.is_terms
        and not money_events.is_cancellation
        and (
            money_events.amount is null
            or money_events.currency is null
            or money_events.currency <> $currency
        )
    union all
    -- Terms told before the exposure may still have been owing in it.
    select
        first_exposures.contrast,
        first_exposures.arm,
        first_exposures.unit_id,
        cast(null as varchar) as currency
    from first_exposures
    inner join money_events
        on
            first_exposures.unit_id = money_events.unit_id
            and money_events.occurred_at <= first_exposures.horizon_closes_at
    where
        first_exposures.is_horizon_closed
        and money_events.is_terms
        and not money_events.is_trialing
        and (money_events.amount is null or money_events.months is null or money_events.currency is null)
)

select
    contrast,
    arm,
    currency,
    count(*) as items,
    count(distinct unit_id) as units
from omitted
group by contrast, arm, currency
