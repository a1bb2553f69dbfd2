-- Share of the messages sent that were opened, by channel; some machines open mail and do not say so.
-- name: Open rate
-- formula: messages with Message Opened / messages sent
-- unit: rate
-- divides by: messages a provider accepted
-- no answer: no message was sent
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
-- needs: Message Opened
with answered as (
    select distinct key
    from answers
    where name = 'Message Opened'
)

select
    slices.slice,
    touches.channel as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(case when answered.key is null then 0 else 1 end) as numerator,
    count(*) as denominator
from touches
inner join slices on touches.workflow = slices.workflow and touches.unit_id = slices.unit_id
left join answered on touches.key = answered.key
where touches.channel not in ('prompt', 'task')
group by slices.slice, touches.channel
