-- Take places at addresses, numbered in the order given; a key that is there already stays as it is.
insert into places (key, address, customer_id, reserved_at, intent, channel, workflow, category, kind, is_open)
select key, address, customer_id, moment(reserved_at), intent, channel, workflow, category, kind, is_open
from
    unnest(
        %(keys)b::text[], %(addresses)b::text[], %(customers)b::text[], %(reserved)b::bigint[],
        %(intents)b::text[], %(channels)b::text[], %(workflows)b::text[], %(categories)b::text[],
        %(kinds)b::text[], %(open)b::boolean[]
    ) as taken (key, address, customer_id, reserved_at, intent, channel, workflow, category, kind, is_open)
on conflict do nothing
