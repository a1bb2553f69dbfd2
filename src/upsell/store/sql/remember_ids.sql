-- Remember what came in; rows that are known already are left as they are.
insert into message_ids (source, message_id, body_hash, position, seen_at)
select source, message_id, body_hash, %(after)s + place, moment(seen_at)
from
    unnest(%(sources)b::text[], %(ids)b::text[], %(hashes)b::bytea[], %(seen)b::bigint[])
    with ordinality as incoming (source, message_id, body_hash, seen_at, place)
on conflict do nothing
