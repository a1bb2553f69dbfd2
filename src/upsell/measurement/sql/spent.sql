-- What messages and tasks cost in [exposed_at, horizon_closes_at], in millionths of a minor unit. What was
-- spent at the very moment of the exposure was spent because of it.
select
    first_exposures.contrast,
    first_exposures.unit_id,
    sum(cast(spendings.amount as hugeint)) as amount
from first_exposures
inner join spendings
    on
        first_exposures.unit_id = spendings.unit_id
        and spendings.spent_at at time zone 'UTC' >= first_exposures.exposed_at
        and spendings.spent_at at time zone 'UTC' <= first_exposures.horizon_closes_at
where first_exposures.is_horizon_closed
group by first_exposures.contrast, first_exposures.unit_id
