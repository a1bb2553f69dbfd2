-- The slice each line of the ledger of credits belongs to: one and the same for all.
select 'credited' as line, workflow, 'all' as slice
from workflows
union all
select 'held out' as line, '' as workflow, 'all' as slice
union all
select 'unattributed' as line, '' as workflow, 'all' as slice
