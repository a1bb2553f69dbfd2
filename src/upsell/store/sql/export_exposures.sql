-- The first moment the arms of each contrast would have differed for each unit.
select unit_id, workflow, contrast, arm, share, stratum, exposed_at, enrollment, stage, trigger
from exposures
order by exposed_at, unit_id, workflow, contrast
