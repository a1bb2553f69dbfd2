-- Remember what came in; rows that are known already are left as they are. Where all come from one source it
-- is named once.
insert into message_ids (source, message_id, body_hash, position, seen_at)
select coalesce(source, %(source)s), message_id, body_hash, %(after)s + place, moment(%(seen)s)
from
    unnest(%(sources)b::text[], %(ids)b::text[], %(hashes)b::bytea[])
    with ordinality as incoming (source, message_id, body_hash, place)
on conflict do nothing
