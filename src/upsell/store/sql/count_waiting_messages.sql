-- How many messages of a workflow wait to go out; of every workflow where none is named.
select count(*)
from outbox
where state = 'reserved' and %(workflow)s::text in ('', workflow)
