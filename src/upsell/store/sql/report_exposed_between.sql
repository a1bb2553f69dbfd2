-- Units first exposed in a workflow's contrast with its holdout in a stretch [since, until), by workflow.
select workflow, count(distinct unit_id)
from exposures
where
    contrast = 'holdout'
    and exposed_at >= moment(%(since)s)
    and exposed_at < moment(%(until)s)
group by workflow
