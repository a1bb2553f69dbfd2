-- One row per attempt with how far it came. Steps are asked each by itself: whoever accepted without a click
-- that was told of is accepted all the same. Upgraded is the goal reached, of those spoken to.
with shown as (
    select distinct workflow, unit_id
    from touches
),

clicked as (
    select distinct touches.workflow, touches.unit_id
    from touches
    inner join answers on touches.key = answers.key
    where answers.name in ('Message Clicked', 'Prompt Clicked')
),

accepted as (
    select distinct workflow, unit_id
    from acceptances
)

select
    attempts.workflow,
    attempts.unit_id,
    slices.slice,
    1 as considered,
    case when attempts.is_eligible then 1 else 0 end as eligible,
    case when attempts.is_enrolled then 1 else 0 end as enrolled,
    case when attempts.is_enrolled and shown.unit_id is not null then 1 else 0 end as shown,
    case when attempts.is_enrolled and clicked.unit_id is not null then 1 else 0 end as clicked,
    case when attempts.is_enrolled and accepted.unit_id is not null then 1 else 0 end as accepted,
    case when attempts.is_enrolled and goals.unit_id is not null then 1 else 0 end as upgraded
from attempts
inner join slices on attempts.workflow = slices.workflow and attempts.unit_id = slices.unit_id
left join shown on attempts.workflow = shown.workflow and attempts.unit_id = shown.unit_id
left join clicked on attempts.workflow = clicked.workflow and attempts.unit_id = clicked.unit_id
left join accepted on attempts.workflow = accepted.workflow and attempts.unit_id = accepted.unit_id
left join goals on attempts.workflow = goals.workflow and attempts.unit_id = goals.unit_id
