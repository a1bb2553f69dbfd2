-- How many units were exposed beside the holdout by what had fired, in each stratum and arm, with the planned
-- share: whatever fires a trigger does so before arms differ, so each trigger's units keep to the plan.
select
    trigger,
    stratum,
    arm,
    min(share) as least_share,
    max(share) as greatest_share,
    count(*) as units
from exposure_triggers
group by trigger, stratum, arm
