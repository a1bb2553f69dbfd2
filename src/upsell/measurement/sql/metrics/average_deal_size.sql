-- What a deal that was won comes to on average, by the month it closed in and by currency.
-- name: Average deal size
-- formula: sum of amounts of deals won / deals won whose amount is known
-- unit: money
-- divides by: deals won whose amount and currency are known
-- no answer: no such deal
-- by: nothing
-- stands on: events = household_events
select
    'all' as slice,
    'all' as item,
    months.month as period,
    deal_outcomes.currency,
    sum(deal_outcomes.amount) as numerator,
    count(*) as denominator
from deal_outcomes
inner join months
    on deal_outcomes.closed_at >= months.starts_at and deal_outcomes.closed_at < months.ends_at
where
    deal_outcomes.outcome = 'won'
    and deal_outcomes.amount is not null
    and deal_outcomes.currency is not null
group by months.month, deal_outcomes.currency
