-- How many units were exposed against the holdout, by what was known of each at its exposure: its lifecycle
-- stage, what had fired, and the week and the hour of the day it came in. Both arms are exposed at the same point, so
-- these are alike but for chance.
with known as (
    select
        first_exposures.stratum,
        first_exposures.arm,
        first_exposures.unit_id,
        first_exposures.exposed_at,
        coalesce(min(exposures.stage), '') as stage
    from first_exposures
    inner join exposures
        on
            first_exposures.unit_id = exposures.unit_id
            and first_exposures.contrast = exposures.contrast
            and exposures.workflow = $workflow
    where first_exposures.contrast = 'holdout'
    group by
        first_exposures.stratum, first_exposures.arm, first_exposures.unit_id, first_exposures.exposed_at
),

said as (
    select stratum, arm, 'stage' as trait, stage as value from known
    union all
    select stratum, arm, 'trigger' as trait, trigger as value from exposure_triggers
    union all
    select
        stratum,
        arm,
        'week' as trait,
        cast(extract(isoyear from exposed_at) * 100 + extract(week from exposed_at) as varchar) as value
    from known
    union all
    select stratum, arm, 'hour' as trait, cast(extract(hour from exposed_at) as varchar) as value from known
)

select
    trait,
    stratum,
    arm,
    value,
    count(*) as units
from said
group by trait, stratum, arm, value
