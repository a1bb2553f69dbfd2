-- Orders, canceled orders and refunds in the reading's currency inside (exposed_at, horizon_closes_at]:
-- an order adds, the other two take away.
select
    first_exposures.contrast,
    first_exposures.unit_id,
    case when money_events.name = 'Order Completed' then money_events.amount else -money_events.amount end
    as amount
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
    and money_events.currency = $currency
    and money_events.amount is not null
