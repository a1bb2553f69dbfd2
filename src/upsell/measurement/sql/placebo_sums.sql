-- Sums of the outcomes of units nobody treated, parted in two at random, once for every salt from 1 to $splits.
with drawn as (
    select
        salts.salt,
        outcomes.stratum,
        outcomes.metric,
        outcomes.outcome,
        case
            when substr(md5(concat(cast(salts.salt as varchar), ':', outcomes.unit_id)), 1, 1) in (
                '0', '1', '2', '3', '4', '5', '6', '7'
            ) then 'one'
            else 'other'
        end as arm
    from outcomes
    cross join generate_series(1, $splits) as salts(salt)
    where outcomes.contrast = 'holdout' and outcomes.arm = 'holdout' and outcomes.outcome is not null
)

select
    salt,
    stratum,
    arm,
    metric,
    count(*) as units,
    sum(outcome) as total,
    sum(cast(outcome as hugeint) * outcome) as squares,
    sum(cast(outcome as hugeint) * outcome * outcome) as cubes
from drawn
group by salt, stratum, arm, metric
