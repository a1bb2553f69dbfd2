-- The slice a household belongs to: the month of its first subscription.
select distinct month_mrr.unit_id, month_mrr.month, cohorts.cohort as slice
from month_mrr
inner join cohorts on month_mrr.unit_id = cohorts.unit_id
