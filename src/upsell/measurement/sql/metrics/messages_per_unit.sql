-- How many messages, prompts and done tasks came to each unit enrolled, by channel.
-- name: Message pressure
-- formula: touches / units enrolled
-- unit: ratio
-- divides by: units enrolled
-- no answer: nobody was enrolled
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
with entered as (
    select slice, sum(enrolled) as units
    from steps
    group by slice
),

said as (
    select slices.slice, touches.channel, count(*) as touches
    from touches
    inner join slices on touches.workflow = slices.workflow and touches.unit_id = slices.unit_id
    group by slices.slice, touches.channel
)

select
    said.slice,
    said.channel as item,
    'all' as period,
    cast(null as varchar) as currency,
    said.touches as numerator,
    entered.units as denominator
from said
inner join entered on said.slice = entered.slice
