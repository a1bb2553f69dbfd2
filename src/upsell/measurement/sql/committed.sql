-- Net committed revenue in (exposed_at, horizon_closes_at]; units of which nothing is told have no row.
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
