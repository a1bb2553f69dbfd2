-- Share of the price of accepted offers that is left after what serving them costs, where the catalog says the cost.
-- name: Expansion margin
-- formula: (price - cost) per interval / price per interval, over offers accepted whose price and cost are known, by currency
-- unit: rate
-- divides by: price of those offers
-- no answer: the catalog says no cost of what was accepted, or its price is nothing
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
with priced as (
    select
        workflow,
        unit_id,
        cast(terms as json) ->> '$.currency' as currency,
        cast(cast(terms as json) ->> '$.price' as bigint) as price,
        cast(cast(terms as json) ->> '$.cost' as bigint) as cost
    from acceptances
    where terms is not null
)

select
    slices.slice,
    'all' as item,
    'all' as period,
    priced.currency,
    sum(priced.price - priced.cost) as numerator,
    sum(priced.price) as denominator
from priced
inner join slices on priced.workflow = slices.workflow and priced.unit_id = slices.unit_id
where priced.price is not null and priced.cost is not null
group by slices.slice, priced.currency
