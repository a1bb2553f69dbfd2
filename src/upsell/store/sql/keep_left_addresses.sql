-- Keep what was left at some addresses; of a scope that was left before, the later moment.
insert into left_addresses (address, scope, left_at)
select asked.address, asked.scope, max(moment(asked.left_at))
from unnest(%(addresses)b::text[], %(scopes)b::text[], %(ats)b::bigint[]) as asked (address, scope, left_at)
group by asked.address, asked.scope
order by asked.address, asked.scope
on conflict (address, scope) do update set left_at = greatest(left_addresses.left_at, excluded.left_at)
