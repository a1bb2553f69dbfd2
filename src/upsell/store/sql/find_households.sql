-- Households of a shard in order of their ids, after one of them.
select distinct household_id
from units
where shard = %(shard)s and household_id > %(after)s
order by household_id
limit %(limit)s
