-- Units exposed in a workflow's contrast with its holdout.
select unit_id
from exposures
where workflow = %(workflow)s and contrast = 'holdout'
order by unit_id
