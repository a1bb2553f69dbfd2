-- Sufficient statistics of each outcome per contrast, stratum and arm, over units whose window has closed.
-- They are sums of whole numbers, so they are exact, and add in any order to the same digit.
with outcomes as (
    select contrast, stratum, arm, 'conversion' as metric, cast(conversion as bigint) as outcome
    from unit_outcomes
    union all
    select contrast, stratum, arm, 'net_committed_revenue' as metric, net_committed_revenue as outcome
    from unit_outcomes
    union all
    select contrast, stratum, arm, 'recurring_revenue_change' as metric, recurring_revenue_change as outcome
    from unit_outcomes
)

select
    contrast,
    stratum,
    arm,
    metric,
    count(*) as units,
    sum(outcome) as total,
    sum(cast(outcome as hugeint) * outcome) as squares,
    sum(cast(outcome as hugeint) * outcome * outcome) as cubes
from outcomes
where outcome is not null
group by contrast, stratum, arm, metric
