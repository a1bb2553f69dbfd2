-- What there is to credit in ($since, $until]: each upgrade, and each rise of the recurring revenue of a
-- household that paid already, by how much a month. Upgrades carry no currency, rises no upgrade.
select
    unit_id,
    occurred_at at time zone 'UTC' as gained_at,
    cast(null as varchar) as currency,
    count(*) as upgrades,
    0 as expansion
from events
where
    name = 'Subscription Upgraded'
    and is_household
    and occurred_at > $since
    and occurred_at <= $until
group by unit_id, occurred_at
union all
select
    unit_id,
    turned_at as gained_at,
    currency,
    0 as upgrades,
    amount as expansion
from mrr_turns
where
    mrr_before > 0
    and amount > 0
    and turned_at > $since at time zone 'UTC'
    and turned_at <= $until at time zone 'UTC'
