-- The key of the last message that a provider was spoken to about, by a channel and to an address.
select key
from outbox
where address = %(address)s and channel = %(channel)s and sending_at is not null
order by sending_at desc, key
limit 1
