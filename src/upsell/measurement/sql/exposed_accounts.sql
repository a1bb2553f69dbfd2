-- How many accounts were exposed per contrast, stratum and arm, each once, by its first unit.
with placed as (
    select
        first_exposures.contrast,
        first_exposures.stratum,
        first_exposures.arm,
        first_exposures.share,
        row_number() over (
            partition by first_exposures.contrast, accounts.account
            order by first_exposures.exposed_at, first_exposures.unit_id collate "C"
        ) as place
    from first_exposures
    inner join accounts on first_exposures.unit_id = accounts.unit_id
)

select
    contrast,
    stratum,
    arm,
    min(share) as least_share,
    max(share) as greatest_share,
    count(*) as units,
    0 as crossed
from placed
where place = 1
group by contrast, stratum, arm
