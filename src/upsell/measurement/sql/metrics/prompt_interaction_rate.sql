-- Share of the prompts seen that were clicked, and that were closed.
-- name: Prompt interactions
-- formula: prompts with Prompt Clicked, or Prompt Dismissed / prompts with Prompt Shown
-- unit: rate
-- divides by: prompts that were seen
-- no answer: no prompt was seen
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
-- needs: Prompt Clicked, Prompt Dismissed
with done as (
    select distinct key, case name when 'Prompt Clicked' then 'clicked' else 'dismissed' end as what
    from answers
    where name in ('Prompt Clicked', 'Prompt Dismissed')
),

kinds as (
    select 'clicked' as what
    union all
    select 'dismissed' as what
)

select
    slices.slice,
    kinds.what as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(case when done.key is null then 0 else 1 end) as numerator,
    count(*) as denominator
from touches
inner join slices on touches.workflow = slices.workflow and touches.unit_id = slices.unit_id
cross join kinds
left join done on touches.key = done.key and kinds.what = done.what
where touches.channel = 'prompt'
group by slices.slice, kinds.what
