-- What each outcome is read beside: the same outcome in the window before the exposure. Margin and what is
-- left after regret are read beside net committed revenue, for their own past would reach past the exposure.
select
    contrast,
    unit_id,
    metric,
    outcome
from (
    select contrast, unit_id, 'conversion' as metric, cast(conversion as bigint) as outcome
    from window_outcomes_before
    union all
    select contrast, unit_id, 'net_committed_revenue' as metric, net_committed_revenue as outcome
    from window_outcomes_before
    union all
    select contrast, unit_id, 'recurring_revenue_change' as metric, recurring_revenue_change as outcome
    from window_outcomes_before
    union all
    select contrast, unit_id, 'margin' as metric, net_committed_revenue as outcome
    from window_outcomes_before
    union all
    select contrast, unit_id, 'net_value_after_regret' as metric, net_committed_revenue as outcome
    from window_outcomes_before
) as told
