-- What the deals that are open come to, by currency; deals without an amount are counted under the item no amount.
-- name: Pipeline
-- formula: sum of amounts of deals opened and not closed by the moment of the reading
-- unit: money total
-- divides by: nothing
-- no answer: never; without open deals there are no rows
-- by: nothing
-- stands on: events = household_events
select
    'all' as slice,
    case
        when amount is null or currency is null then 'no amount'
        else 'open'
    end as item,
    'all' as period,
    case when amount is not null then currency end as currency,
    sum(case when amount is null or currency is null then 0 else amount end) as numerator,
    cast(null as bigint) as denominator
from deal_outcomes
where closed_at is null
group by
    case when amount is null or currency is null then 'no amount' else 'open' end,
    case when amount is not null then currency end
