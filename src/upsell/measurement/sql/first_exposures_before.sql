-- The same units with windows that end at the exposure and are as long as those that begin there, so that
-- outcomes read in them cannot see anything that came after.
select
    contrast,
    stratum,
    unit_id,
    arm,
    share,
    exposed_at - $horizon as exposed_at,
    exposed_at - $goal_within as goal_opens_at,
    exposed_at as goal_closes_at,
    exposed_at as horizon_closes_at,
    is_goal_closed,
    is_horizon_closed,
    is_regret_closed,
    is_crossed
from first_exposures
