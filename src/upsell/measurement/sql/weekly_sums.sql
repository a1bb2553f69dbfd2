-- Sums of each outcome against the holdout by the week of exposure, counted from the workflow's first one.
with weekly as (
    select
        outcomes.stratum,
        outcomes.arm,
        outcomes.metric,
        outcomes.outcome,
        date_diff(
            'microsecond', min(first_exposures.exposed_at) over (), first_exposures.exposed_at
        ) // cast(604800000000 as bigint) as week
    from outcomes
    inner join first_exposures
        on outcomes.contrast = first_exposures.contrast and outcomes.unit_id = first_exposures.unit_id
    where outcomes.contrast = 'holdout'
)

select
    cast(week as bigint) as week,
    stratum,
    arm,
    metric,
    count(*) as units,
    sum(outcome) as total,
    sum(cast(outcome as hugeint) * outcome) as squares,
    sum(cast(outcome as hugeint) * outcome * outcome) as cubes
from weekly
where outcome is not null
group by week, stratum, arm, metric
