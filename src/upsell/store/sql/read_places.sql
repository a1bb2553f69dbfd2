-- The places of some messages, and at their addresses of today those up to the last of these; all of them when
-- one of the messages has none.
select number, address, customer_id, key, reserved_at, intent, channel, workflow, category, kind, is_open
from places
where
    key = any(%(keys)b::text[])
    or (
        address = any(%(addresses)b::text[])
        and reserved_at > moment(%(open_since)s)
        and (is_open or reserved_at > moment(%(since)s))
        and number <= (
            select case when count(*) < cardinality(%(keys)b::text[]) then 9223372036854775807 else max(number) end
            from places
            where key = any(%(keys)b::text[])
        )
    )
order by number
