-- Share of the units exposed that reached the goal inside its window, by arm; the effect is the difference of the arms, as upsell report has it.
-- name: Conversion rate
-- formula: reached the goal in (exposed_at, exposed_at + goal window] / exposed with a closed window, by arm
-- unit: share
-- divides by: units exposed whose goal window has closed
-- no answer: no goal window has closed
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
select
    slices.slice,
    attempt_exposures.arm as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(case when goals.unit_id is null then 0 else 1 end) as numerator,
    count(*) as denominator
from attempt_exposures
inner join slices
    on attempt_exposures.contrast = slices.workflow and attempt_exposures.unit_id = slices.unit_id
left join goals
    on attempt_exposures.contrast = goals.workflow and attempt_exposures.unit_id = goals.unit_id
where attempt_exposures.is_goal_closed
group by slices.slice, attempt_exposures.arm
