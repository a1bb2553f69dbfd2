-- Whom a message was for, and on which channel.
select customer_id, channel
from outbox
where key = %(key)s
