-- The account each unit of the workflow was drawn with; units of which that is not known are left out.
select
    unit_id,
    min(account) as account
from exposures
where workflow = $workflow and account <> ''
group by unit_id
