-- Share of the units paying at exposure that still pay at the end of the horizon, by arm, with the effect of each workflow.
-- name: Retention by arm
-- formula: paying at exposed_at + horizon / paying at exposed_at, by arm, any currency
-- unit: share
-- divides by: units that paid when they were exposed and whose horizon has closed
-- no answer: no such unit
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
-- stands on: first_exposures = attempt_exposures
select
    slices.slice,
    kept.arm as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(kept.is_kept) as numerator,
    count(*) as denominator
from kept
inner join slices on kept.workflow = slices.workflow and kept.unit_id = slices.unit_id
group by slices.slice, kept.arm
