-- The households in which merges at these positions of the ledger are taken.
select distinct household_id
from events
where position = any(%(positions)b::bigint[])
