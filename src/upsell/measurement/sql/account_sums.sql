-- Sums over accounts of how many closed units each has, x, beside the sum of their outcomes, y.
with drawn as (
    select
        outcomes.contrast,
        outcomes.stratum,
        outcomes.arm,
        outcomes.metric,
        accounts.account,
        cast(count(*) as hugeint) as x,
        cast(sum(outcomes.outcome) as hugeint) as y
    from outcomes
    inner join accounts on outcomes.unit_id = accounts.unit_id
    where outcomes.outcome is not null
    group by outcomes.contrast, outcomes.stratum, outcomes.arm, outcomes.metric, accounts.account
)

select
    contrast,
    stratum,
    arm,
    metric,
    count(*) as units,
    sum(x) as x,
    sum(y) as y,
    sum(x * x) as xx,
    sum(x * y) as xy,
    sum(y * y) as yy,
    sum(x * x * x) as xxx,
    sum(x * x * y) as xxy,
    sum(x * y * y) as xyy,
    sum(y * y * y) as yyy
from drawn
group by contrast, stratum, arm, metric
