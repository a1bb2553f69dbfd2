-- Sums of an outcome y beside the same outcome x in the period of equal length before the exposure.
with paired as (
    select
        outcomes.contrast,
        outcomes.stratum,
        outcomes.arm,
        outcomes.metric,
        cast(outcomes_before.outcome as hugeint) as x,
        cast(outcomes.outcome as hugeint) as y
    from outcomes
    inner join outcomes_before
        on
            outcomes.contrast = outcomes_before.contrast
            and outcomes.unit_id = outcomes_before.unit_id
            and outcomes.metric = outcomes_before.metric
    where outcomes.outcome is not null
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
from paired
group by contrast, stratum, arm, metric
