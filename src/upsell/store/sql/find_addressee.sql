-- Whom a message was for, on which channel, and which workflow's it was.
select customer_id, channel, workflow
from outbox
where key = %(key)s
