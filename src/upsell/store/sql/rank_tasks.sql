-- Open tasks in the order in which a queue is worked, after a place in it: those put off, or those not.
with opened as (
    select
        key, due_at,
        case when value is null then 2 when currency = %(currency)s then 0 else 1 end as place,
        case when value is null or currency = %(currency)s then '' else coalesce(currency, '') end collate "C" as abroad,
        -coalesce(value, 0) as less,
        key collate "C" as name
    from tasks
    where
        closed_at is null
        and (%(queue)s::text is null or queue = %(queue)s::text)
        and (%(owners)s::text[] is null or owner = any(%(owners)s::text[]))
        and (snoozed_until is not null and snoozed_until > moment(%(at)s)) = %(snoozed)s
),

-- First which they are, for most of a task is text that need not be carried through the sorting.
ranked as (
    select key, place, abroad, less, due_at, name
    from opened
    where
        %(place)s::int is null
        or (place, abroad, less, due_at, name)
        > (%(place)s::int, %(abroad)s::text, %(less)s::bigint, moment(%(due)s), %(name)s::text)
    order by place, abroad, less, due_at, name
    limit %(most)s
)

select
    tasks.key, unit_id, household_id, reason, workflow, enrollment, source, queue, title, why, facts, offer, terms,
    talk_track, objections, value, currency, chance, opened_at, updated_at, tasks.due_at, overdue_at, snoozed_until,
    owner, given_at, taken_at, closed_at, closed_by, outcome, because, amount, amount_currency, minutes
from ranked
inner join tasks on ranked.key = tasks.key
order by ranked.place, ranked.abroad, ranked.less, ranked.due_at, ranked.name
