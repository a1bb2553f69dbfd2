-- What had fired at the first exposure of each unit beside the holdout; empty where nothing kept it.
select
    first_exposures.stratum,
    first_exposures.arm,
    first_exposures.unit_id,
    first_exposures.share,
    coalesce(min(exposures.trigger), '') as trigger
from first_exposures
inner join exposures
    on
        first_exposures.unit_id = exposures.unit_id
        and first_exposures.contrast = exposures.contrast
        and exposures.workflow = $workflow
where first_exposures.contrast = 'holdout'
group by first_exposures.stratum, first_exposures.arm, first_exposures.unit_id, first_exposures.share
