-- The slice each attempt belongs to: the channel it was first spoken to by; held-out units have none.
with first_touches as (
    select
        workflow,
        unit_id,
        channel,
        row_number() over (
            partition by workflow, unit_id order by touched_at, key collate "C"
        ) as place
    from touches
)

select
    attempts.workflow,
    attempts.unit_id,
    coalesce(first_touches.channel, 'none') as slice
from attempts
left join first_touches
    on
        attempts.workflow = first_touches.workflow
        and attempts.unit_id = first_touches.unit_id
        and first_touches.place = 1
