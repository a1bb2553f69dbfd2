-- Tasks as they stand, the first opened first.
select
    key, unit_id, household_id, reason, workflow, enrollment, source, queue, title, why, facts, offer, terms,
    talk_track, objections, value, currency, chance, opened_at, updated_at, due_at, overdue_at, snoozed_until,
    owner, given_at, taken_at, closed_at, closed_by, outcome, because, amount, amount_currency, minutes
from tasks
where
    (%(keys)s::text[] is null or key = any(%(keys)s::text[]))
    and (%(queue)s::text is null or queue = %(queue)s::text)
    and (%(owner)s::text is null or coalesce(owner, '') = %(owner)s::text)
    and (%(household)s::text is null or household_id = %(household)s::text)
    and (%(reason)s::text is null or reason = %(reason)s::text)
    and (%(open)s::boolean is null or (closed_at is null) = %(open)s::boolean)
order by opened_at, key
