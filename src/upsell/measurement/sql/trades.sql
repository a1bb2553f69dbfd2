-- Orders, canceled orders and refunds in the reading's currency inside (exposed_at, horizon_closes_at]:
-- an order adds, the other two take away.
select
    first_exposures.contrast,
    first_exposures.unit_id,
    case when trade_events.is_order then trade_events.amount else -trade_events.amount end as amount
from first_exposures
inner join trade_events
    on
        first_exposures.unit_id = trade_events.unit_id
        and trade_events.occurred_at > first_exposures.exposed_at
        and trade_events.occurred_at <= first_exposures.horizon_closes_at
where
    first_exposures.is_horizon_closed
    and trade_events.currency = $currency
    and trade_events.amount is not null
