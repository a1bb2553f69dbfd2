-- Sufficient statistics of each outcome per contrast, stratum and arm, over units whose window has closed.
-- They are sums of whole numbers, so they are exact, and add in any order to the same digit.
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
