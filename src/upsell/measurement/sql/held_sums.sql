-- The sums of outcomes held to a cut that is the same in both arms and in every stratum.
with held as (
    select
        contrast,
        stratum,
        arm,
        metric,
        case when outcome > $cut then $cut else outcome end as outcome
    from outcomes
    where outcome is not null and metric <> 'conversion'
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
from held
group by contrast, stratum, arm, metric
