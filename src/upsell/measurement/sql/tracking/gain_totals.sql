-- The totals that credits must add up to, counted without any credit; expansion as the rise of recurring
-- revenue less what was new, plus what was lost.
select
    cast(null as varchar) as currency,
    count(*) as upgrades,
    cast(0 as bigint) as expansion
from events
where
    name = 'Subscription Upgraded'
    and is_household
    and occurred_at > $since
    and occurred_at <= $until
union all
select
    currency,
    cast(0 as bigint) as upgrades,
    sum(amount)
    - sum(case when mrr_before = 0 then amount else 0 end)
    - sum(case when amount < 0 then amount else 0 end) as expansion
from mrr_turns
where
    turned_at > $since at time zone 'UTC'
    and turned_at <= $until at time zone 'UTC'
group by currency
