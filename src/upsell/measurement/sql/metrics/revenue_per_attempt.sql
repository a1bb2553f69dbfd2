-- Net committed revenue in the horizon after exposure per unit exposed, by arm; one currency.
-- name: Revenue per attempt
-- formula: net committed revenue in (exposed_at, exposed_at + horizon] / exposed with a closed horizon, by arm
-- unit: money
-- divides by: units exposed whose horizon has closed
-- no answer: no horizon has closed
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
-- stands on: first_exposures = attempt_exposures
select
    slices.slice,
    unit_outcomes.arm as item,
    'all' as period,
    $currency as currency,
    sum(unit_outcomes.net_committed_revenue) as numerator,
    count(*) as denominator
from unit_outcomes
inner join slices
    on unit_outcomes.contrast = slices.workflow and unit_outcomes.unit_id = slices.unit_id
where unit_outcomes.net_committed_revenue is not null
group by slices.slice, unit_outcomes.arm
