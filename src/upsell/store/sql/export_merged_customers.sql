-- Every id that went, with the one that stays today.
select gone_id, customer_id
from merged_customers
order by gone_id
