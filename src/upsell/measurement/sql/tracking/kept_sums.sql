-- Of units that paid when they were exposed, how many still did at the end of a closed horizon: by workflow,
-- stratum and arm, with the planned share.
select
    kept.workflow,
    first_exposures.stratum,
    kept.arm,
    min(first_exposures.share) as least_share,
    max(first_exposures.share) as greatest_share,
    count(*) as units,
    sum(kept.is_kept) as kept_units
from kept
inner join first_exposures
    on kept.workflow = first_exposures.contrast and kept.unit_id = first_exposures.unit_id
group by kept.workflow, first_exposures.stratum, kept.arm
