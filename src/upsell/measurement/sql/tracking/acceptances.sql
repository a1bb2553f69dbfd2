-- Offers that were accepted, each with what showed it: one row per showing that was taken.
with shown as (
    select key as shown_as, workflow, unit_id, origin, terms, touched_at
    from touches
    union all
    select origin as shown_as, workflow, unit_id, origin, terms, touched_at
    from touches
    where origin <> key
)

select
    shown.workflow,
    shown.unit_id,
    shown.origin,
    max(shown.terms) as terms,
    min(answers.answered_at) as answered_at
from answers
inner join shown on answers.key = shown.shown_as
where answers.name = 'Offer Accepted' and answers.answered_at >= shown.touched_at
group by shown.workflow, shown.unit_id, shown.origin
