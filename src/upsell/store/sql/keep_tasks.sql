-- Open tasks, each once; the keys of those that are new. Whoever one was opened for may have joined an account since,
-- or gone into somebody else.
insert into tasks (
    key, unit_id, household_id, enrollment, workflow, reason, source, queue, title, why, offer, terms, facts,
    talk_track, objections, value, currency, chance, opened_at, due_at
)
select
    key, unit_id,
    coalesce(
        (select units.household_id from units where units.unit_id = asked.household_id),
        (
            select units.household_id
            from identities
            inner join units on units.unit_id = 'c:' || identities.customer_id
            where identities.gone_id = substr(asked.household_id, 3) and asked.household_id like 'c:%%'
        ),
        household_id
    ),
    enrollment, workflow, reason, source, queue, title, why, offer, terms, facts,
    talk_track, objections, value, currency, chance, moment(opened_at), moment(due_at)
from
    unnest(
        %(keys)b::text[], %(units)b::text[], %(households)b::text[], %(enrollments)b::text[],
        %(workflows)b::text[], %(reasons)b::text[], %(sources)b::text[], %(queues)b::text[], %(titles)b::text[],
        %(whys)b::text[], %(offers)b::text[], %(terms)b::text[], %(facts)b::text[], %(tracks)b::text[],
        %(objections)b::text[], %(values)b::bigint[], %(currencies)b::text[], %(chances)b::double precision[],
        %(opened)b::bigint[], %(dues)b::bigint[]
    ) as asked (
        key, unit_id, household_id, enrollment, workflow, reason, source, queue, title, why, offer, terms, facts,
        talk_track, objections, value, currency, chance, opened_at, due_at
    )
on conflict do nothing
returning key
