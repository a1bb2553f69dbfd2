-- How many of some messages are in each state.
select state, count(*)
from outbox
where
    (%(state)s::text is null or state = %(state)s)
    and (%(channel)s::text is null or channel = %(channel)s)
    and (%(workflow)s::text is null or workflow = %(workflow)s)
    and (%(customer)s::text is null or (customer_id = %(customer)s and unit_id = any(%(units)s::text[])))
group by state
