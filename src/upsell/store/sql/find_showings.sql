-- What stood behind keys at a moment: the message, the task or the prompt that made an offer. Each was
-- written before anybody could see it, and stays as it is.
select
    asked.place,
    coalesce(outbox.workflow, tasks.workflow, prompted.workflow) as workflow,
    coalesce(outbox.enrollment, tasks.enrollment, prompted.enrollment) as enrollment,
    coalesce(outbox.terms, tasks.terms, prompted.terms) as terms,
    coalesce(outbox.unit_id, tasks.unit_id, prompted.unit_id) as unit_id,
    coalesce(outbox.reserved_at, tasks.opened_at, prompted.shown_at) as shown_at
from unnest(%(keys)b::text[], %(moments)b::bigint[]) with ordinality as asked (key, at, place)
left join outbox on asked.key = outbox.key
left join tasks on asked.key = tasks.key
left join lateral (
    select known.workflow, known.enrollment, known.terms, known.unit_id, known.shown_at
    from showings as known
    where known.key = asked.key and known.shown_at <= moment(asked.at)
    order by known.shown_at desc
    limit 1
) as prompted on true
where coalesce(outbox.terms, tasks.terms, prompted.terms) is not null
