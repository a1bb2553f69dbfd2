-- Keep what was left at some addresses; of a scope that was left before, the later moment.
insert into left_addresses (address, scope, left_at, key)
select distinct on (asked.address, asked.scope) asked.address, asked.scope, moment(asked.left_at), asked.key
from
    unnest(%(addresses)b::text[], %(scopes)b::text[], %(ats)b::bigint[], %(keys)b::text[])
    as asked (address, scope, left_at, key)
order by asked.address, asked.scope, asked.left_at desc, asked.key
on conflict (address, scope) do update set left_at = excluded.left_at, key = excluded.key
where left_addresses.left_at < excluded.left_at
