-- Promoters less detractors among answers to surveys of kind nps, before and after exposure, by arm.
-- name: Net promoter score
-- formula: (answers of 9 and 10 - answers of 0 to 6) / answers, in the horizon before the exposure and after it
-- unit: rate
-- divides by: answers to surveys of kind nps with a score of 0 to 10
-- no answer: no such answer
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
with answered as (
    select
        attempt_exposures.contrast as workflow,
        attempt_exposures.unit_id,
        attempt_exposures.arm,
        case
            when events.occurred_at at time zone 'UTC' <= attempt_exposures.exposed_at then 'before'
            else 'after'
        end as period,
        cast(events.properties as json) ->> '$.score' as score
    from attempt_exposures
    inner join events
        on
            attempt_exposures.unit_id = events.unit_id
            and events.name = 'Survey Answered'
            and events.occurred_at at time zone 'UTC' > attempt_exposures.exposed_at - $horizon
            and events.occurred_at at time zone 'UTC' <= attempt_exposures.horizon_closes_at
    where lower(cast(events.properties as json) ->> '$.kind') = 'nps'
)

select
    slices.slice,
    answered.arm as item,
    answered.period,
    cast(null as varchar) as currency,
    sum(
        case
            when answered.score in ('9', '10', '9.0', '10.0') then 1
            when answered.score in ('7', '8', '7.0', '8.0') then 0
            else -1
        end
    ) as numerator,
    count(*) as denominator
from answered
inner join slices on answered.workflow = slices.workflow and answered.unit_id = slices.unit_id
where answered.score ~ '^([0-9]|10)([.]0)?$'
group by slices.slice, answered.arm, answered.period
