-- Share still paying at the end of the horizon of units that upgraded in the goal window, beside those that did not; who upgrades differs from who does not.
-- name: Retention of upgraded units
-- formula: as retention by arm, by whether the goal was reached
-- unit: share
-- divides by: units that paid when they were exposed and whose horizon has closed
-- no answer: no such unit
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
-- stands on: first_exposures = attempt_exposures
-- label: description, not effect
select
    slices.slice,
    case when goals.unit_id is null then 'not upgraded' else 'upgraded' end as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(kept.is_kept) as numerator,
    count(*) as denominator
from kept
inner join slices on kept.workflow = slices.workflow and kept.unit_id = slices.unit_id
left join goals on kept.workflow = goals.workflow and kept.unit_id = goals.unit_id
group by slices.slice, case when goals.unit_id is null then 'not upgraded' else 'upgraded' end
