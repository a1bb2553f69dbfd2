-- The mail to an owner that is kept under a key.
select key
from outbox
where key = %(key)s
