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
        case when trade_events.amount is not null then trade_events.currency end as currency
    from first_exposures
    inner join trade_events
        on
            first_exposures.unit_id = trade_events.unit_id
            and trade_events.occurred_at > first_exposures.exposed_at
            and trade_events.occurred_at <= first_exposures.horizon_closes_at
    where
        first_exposures.is_horizon_closed
        and (
            trade_events.amount is null
            or trade_events.currency is null
            or trade_events.currency <> $currency
        )
    union all
    -- Terms told before the exposure may still have been owing in it.
    select
        first_exposures.contrast,
        first_exposures.arm,
        first_exposures.unit_id,
        cast(null as varchar) as currency
    from first_exposures
    inner join term_events
        on
            first_exposures.unit_id = term_events.unit_id
            and term_events.occurred_at <= first_exposures.horizon_closes_at
    where
        first_exposures.is_horizon_closed
        and term_events.is_terms
        and not term_events.is_trialing
        and (term_events.amount is null or term_events.months is null or term_events.currency is null)
)

select
    contrast,
    arm,
    currency,
    count(*) as items,
    count(distinct unit_id) as units
from omitted
group by contrast, arm, currency
