-- The slice a household belongs to in a month: one and the same for all.
select distinct unit_id, month, 'all' as slice
from month_mrr
