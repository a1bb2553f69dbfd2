-- How many units were exposed per contrast, stratum and arm, closed or not, with the planned share.
select
    contrast,
    stratum,
    arm,
    min(share) as least_share,
    max(share) as greatest_share,
    count(*) as units,
    count(*) filter (where is_crossed) as crossed
from first_exposures
group by contrast, stratum, arm
