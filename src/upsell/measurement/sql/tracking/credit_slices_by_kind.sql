-- The slice each line of the ledger of credits belongs to: by the workflow credited, or its own.
select 'credited' as line, workflow, kind as slice
from workflows
union all
select 'held out' as line, '' as workflow, 'held out' as slice
union all
select 'unattributed' as line, '' as workflow, 'unattributed' as slice
