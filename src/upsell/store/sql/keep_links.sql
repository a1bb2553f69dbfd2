-- Keep where the links of messages lead that are about to be sent; of one that is tried again, anew.
insert into links (number, key, sending_at, expires_at, targets)
select number, key, moment(%(now)s), moment(expires_at), targets
from
    unnest(%(numbers)b::bigint[], %(keys)b::text[], %(expire)b::bigint[], %(targets)b::text[])
    as told (number, key, expires_at, targets)
on conflict (number) do update
set sending_at = excluded.sending_at, expires_at = excluded.expires_at, targets = excluded.targets
