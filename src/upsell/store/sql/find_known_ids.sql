-- Which of these were known before: their place in the batch, the position kept, whether the body is the same.
select
    incoming.place,
    kept.position,
    kept.body_hash = incoming.body_hash as is_same
from
    unnest(%(sources)b::text[], %(ids)b::text[], %(hashes)b::bytea[])
    with ordinality as incoming (source, message_id, body_hash, place)
inner join message_ids as kept
    on coalesce(incoming.source, %(source)s) = kept.source and incoming.message_id = kept.message_id
where kept.position <> %(after)s + incoming.place
order by incoming.place
