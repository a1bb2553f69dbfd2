-- Say open tasks anew, with the earlier of both due times; whoever has one keeps it unless its queue is another.
update tasks
set
    title = said.title,
    why = said.why,
    offer = said.offer,
    terms = said.terms,
    facts = said.facts,
    talk_track = said.talk_track,
    objections = said.objections,
    value = said.value,
    currency = said.currency,
    chance = said.chance,
    queue = said.queue,
    due_at = least(tasks.due_at, moment(said.due_at)),
    updated_at = greatest(tasks.updated_at, moment(said.opened_at)),
    owner = case when tasks.queue = said.queue then tasks.owner end,
    given_at = case when tasks.queue = said.queue then tasks.given_at end,
    taken_at = case when tasks.queue = said.queue then tasks.taken_at end
from
    unnest(
        %(keys)b::text[], %(queues)b::text[], %(titles)b::text[], %(whys)b::text[], %(offers)b::text[],
        %(terms)b::text[], %(facts)b::text[], %(tracks)b::text[], %(objections)b::text[], %(values)b::bigint[],
        %(currencies)b::text[], %(chances)b::double precision[], %(opened)b::bigint[], %(dues)b::bigint[]
    ) as said (
        key, queue, title, why, offer, terms, facts, talk_track, objections, value, currency, chance, opened_at,
        due_at
    )
-- Held, so that the queue it was in is the one it moves from.
inner join (select key, queue from tasks where key = any(%(keys)b::text[]) for update) as held on said.key = held.key
where tasks.key = said.key and tasks.closed_at is null
returning tasks.key, held.queue <> said.queue
