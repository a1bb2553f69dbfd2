-- How many units of a kind there are, counted up to a number.
select count(*)
from (
    select 1
    from units
    where unit_id ~>=~ %(from)s and unit_id ~<~ %(until)s
    limit %(most)s
) as found
