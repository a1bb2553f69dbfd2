-- The same units with windows of $regret that begin where the horizon ends.
select
    contrast,
    stratum,
    unit_id,
    arm,
    share,
    horizon_closes_at as exposed_at,
    horizon_closes_at as goal_opens_at,
    horizon_closes_at + $regret as goal_closes_at,
    horizon_closes_at + $regret as horizon_closes_at,
    is_regret_closed as is_goal_closed,
    is_regret_closed as is_horizon_closed,
    is_regret_closed,
    is_crossed
from first_exposures
