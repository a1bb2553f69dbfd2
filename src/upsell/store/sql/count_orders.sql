-- How many orders stand where.
select state, count(*)
from orders
group by state
