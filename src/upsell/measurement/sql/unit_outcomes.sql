-- One row per contrast and exposed unit, zero included; an outcome is null while its window is open.
-- conversion is 0 or 1; the others are whole minor units. A unit's costs are added up exactly and rounded up
-- to a whole minor unit once, so that a margin is never said too high; a month has 2,629,800 seconds.
select
    $workflow as workflow,
    window_outcomes.contrast,
    window_outcomes.stratum,
    window_outcomes.arm,
    window_outcomes.unit_id,
    window_outcomes.exposed_at at time zone 'UTC' as exposed_at,
    window_outcomes.conversion,
    window_outcomes.net_committed_revenue,
    window_outcomes.recurring_revenue_change,
    window_outcomes.net_committed_revenue
    - cast(
        (
            coalesce(served.amount, 0)
            + coalesce(spent.amount, 0) * cast(2629800 as hugeint)
            + cast(2629799999999 as hugeint)
        ) // cast(2629800000000 as hugeint) as bigint
    ) as margin,
    case
        when window_outcomes.is_regret_closed
            then window_outcomes.net_committed_revenue - coalesce(regrets.amount, 0)
    end as net_value_after_regret
from window_outcomes
left join served
    on window_outcomes.contrast = served.contrast and window_outcomes.unit_id = served.unit_id
left join spent
    on window_outcomes.contrast = spent.contrast and window_outcomes.unit_id = spent.unit_id
left join regrets
    on window_outcomes.contrast = regrets.contrast and window_outcomes.unit_id = regrets.unit_id
