-- Keep that messages came back for now, each once.
insert into soft_bounces (key, address, bounced_at)
select key, address, moment(at)
from unnest(%(keys)b::text[], %(addresses)b::text[], %(ats)b::bigint[]) as told (key, address, at)
on conflict do nothing
