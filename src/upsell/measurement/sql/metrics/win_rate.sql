-- Share of the deals closed that were won, by the month they closed in.
-- name: Win rate
-- formula: Deal Closed with outcome won / Deal Closed, of deals with a Deal Opened
-- unit: share
-- divides by: deals closed as won or lost
-- no answer: no deal was closed
-- by: nothing
-- stands on: events = household_events
select
    'all' as slice,
    'all' as item,
    months.month as period,
    cast(null as varchar) as currency,
    sum(case when deal_outcomes.outcome = 'won' then 1 else 0 end) as numerator,
    count(*) as denominator
from deal_outcomes
inner join months
    on deal_outcomes.closed_at >= months.starts_at and deal_outcomes.closed_at < months.ends_at
where deal_outcomes.outcome in ('won', 'lost')
group by months.month
