-- Customers of an account in order of their ids, after one.
select unit_id
from units
where household_id = %(household)s and household_id <> unit_id and unit_id > %(after)s
order by unit_id
limit %(most)s
