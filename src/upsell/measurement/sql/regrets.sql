-- What was regretted in $regret after the horizon: refunds, canceled orders, and one month of the recurring
-- revenue that ran at the horizon's end and no longer does.
select
    contrast,
    unit_id,
    cast(sum(amount) as bigint) as amount
from (
    select contrast, unit_id, -amount as amount from trades_after where amount < 0
    union all
    select contrast, unit_id, -change as amount from recurring_after where change < 0
) as amounts
group by contrast, unit_id
