-- How many events say something about money that no metric can add up: no readable amount, currency or interval.
-- name: Money that cannot be read
-- formula: subscription terms, orders, canceled orders and refunds whose amount, currency or interval is missing or cannot be read
-- unit: count
-- divides by: nothing
-- no answer: never; where all can be read there are no rows
-- by: nothing
-- stands on: events = household_events, first_exposures = paying_units
with unread as (
    select
        case when is_terms then 'subscription terms' else 'orders and refunds' end as item
    from money_events
    where
        not is_cancellation
        and not (is_terms and is_trialing)
        and (amount is null or currency is null or (is_terms and months is null))
)

select
    'all' as slice,
    item,
    'all' as period,
    cast(null as varchar) as currency,
    count(*) as numerator,
    cast(null as bigint) as denominator
from unread
group by item
