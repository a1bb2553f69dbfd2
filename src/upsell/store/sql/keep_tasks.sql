-- Open tasks, each once.
insert into tasks (key, unit_id, enrollment, workflow, queue, title, offer, terms, facts, opened_at, due_at)
select
    key, unit_id, enrollment, workflow, queue, title, offer, terms, facts, moment(opened_at), moment(due_at)
from
    unnest(
        %(keys)b::text[], %(units)b::text[], %(enrollments)b::text[], %(workflows)b::text[],
        %(queues)b::text[], %(titles)b::text[], %(offers)b::text[], %(terms)b::text[],
        %(facts)b::text[], %(opened)b::bigint[], %(dues)b::bigint[]
    ) as asked (key, unit_id, enrollment, workflow, queue, title, offer, terms, facts, opened_at, due_at)
on conflict do nothing
