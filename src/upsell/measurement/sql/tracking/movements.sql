-- What became of each household's recurring revenue in each month, one row per movement; the end of a month
-- is the start of the next, so that start and movements add up to the end.
select
    *,
    case
        when mrr_before = 0 and mrr_after > 0 and first_paid_at > starts_at then 'new'
        when mrr_before = 0 and mrr_after > 0 then 'reactivation'
        when mrr_before > 0 and mrr_after = 0 then 'churn'
        when mrr_after > mrr_before then 'expansion'
        when mrr_after < mrr_before then 'contraction'
        else 'none'
    end as movement
from month_mrr
