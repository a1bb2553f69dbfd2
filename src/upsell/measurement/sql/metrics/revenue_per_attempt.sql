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
    first_exposures.arm as item,
    'all' as period,
    $currency as currency,
    sum(coalesce(committed.amount, 0)) as numerator,
    count(*) as denominator
from first_exposures
inner join slices
    on first_exposures.contrast = slices.workflow and first_exposures.unit_id = slices.unit_id
left join committed
    on first_exposures.contrast = committed.contrast and first_exposures.unit_id = committed.unit_id
where first_exposures.is_horizon_closed
group by slices.slice, first_exposures.arm
