-- How many refunds came in the horizon after exposure per unit exposed, by arm.
-- name: Refunds after exposure
-- formula: Refunded in (exposed_at, exposed_at + horizon] / exposed with a closed horizon, by arm
-- unit: ratio
-- divides by: units exposed whose horizon has closed
-- no answer: no horizon has closed
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
-- needs: Refunded
select
    slices.slice,
    aftermath.arm as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(aftermath.times) as numerator,
    count(*) as denominator
from aftermath
inner join slices on aftermath.workflow = slices.workflow and aftermath.unit_id = slices.unit_id
where aftermath.name = 'Refunded'
group by slices.slice, aftermath.arm
