-- How many messages wait on a channel, up to so many.
select count(*)
from (select 1 from outbox where state = 'reserved' and channel = %(channel)s limit %(most)s) as waiting
