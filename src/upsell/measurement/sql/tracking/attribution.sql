-- The ledger of credits, added up by line, workflow, channel and currency.
select
    line,
    coalesce(workflow, '') as workflow,
    coalesce(channel, '') as channel,
    currency,
    sum(upgrades) as upgrades,
    sum(expansion) as expansion
from credited
group by line, coalesce(workflow, ''), coalesce(channel, ''), currency
