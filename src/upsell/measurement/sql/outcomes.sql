-- The outcomes in rows of their own: contrast, stratum, arm, unit, metric; null while the window is open.
select
    contrast,
    stratum,
    arm,
    unit_id,
    metric,
    outcome
from (
    select contrast, stratum, arm, unit_id, 'conversion' as metric, cast(conversion as bigint) as outcome
    from unit_outcomes
    union all
    select contrast, stratum, arm, unit_id, 'net_committed_revenue' as metric, net_committed_revenue as outcome
    from unit_outcomes
    union all
    select
        contrast,
        stratum,
        arm,
        unit_id,
        'recurring_revenue_change' as metric,
        recurring_revenue_change as outcome
    from unit_outcomes
    union all
    select contrast, stratum, arm, unit_id, 'margin' as metric, margin as outcome from unit_outcomes
    union all
    select
        contrast,
        stratum,
        arm,
        unit_id,
        'net_value_after_regret' as metric,
        net_value_after_regret as outcome
    from unit_outcomes
) as told
