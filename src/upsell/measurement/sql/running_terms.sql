-- Stretches that owe in the reading's currency and run at some moment of [exposed_at, horizon_closes_at],
-- one row per contrast, unit and stretch, for exposures whose horizon has closed.
select
    first_exposures.contrast,
    first_exposures.unit_id,
    first_exposures.exposed_at,
    first_exposures.horizon_closes_at,
    stretches.started_at,
    stretches.ended_at,
    stretches.is_canceled,
    stretches.amount,
    stretches.months,
    stretches.monthly_amount
from first_exposures
inner join stretches
    on
        first_exposures.unit_id = stretches.unit_id
        and stretches.started_at <= first_exposures.horizon_closes_at
        and (stretches.ended_at is null or stretches.ended_at > first_exposures.exposed_at)
where
    first_exposures.is_horizon_closed
    and stretches.currency = $currency
    and not stretches.is_trialing
