-- What each turn of terms does to a household's recurring revenue, by currency: at one moment together, in
-- minor units. Summed over (a, b] they are what recurring revenue at b is above that at a.
with changed as (
    select unit_id, currency, started_at as turned_at, monthly_amount as amount
    from stretches
    where not is_trialing and monthly_amount > 0
    union all
    select unit_id, currency, ended_at as turned_at, -monthly_amount as amount
    from stretches
    where not is_trialing and monthly_amount > 0 and ended_at is not null
),

netted as (
    select unit_id, currency, turned_at, sum(amount) as amount
    from changed
    group by unit_id, currency, turned_at
)

select
    unit_id,
    currency,
    turned_at,
    amount,
    sum(amount) over (
        partition by unit_id, currency
        order by turned_at
        rows between unbounded preceding and current row
    ) - amount as mrr_before
from netted
where amount <> 0
