-- Units whose window has closed and what came in it, by workflow, stratum and arm, from when on.
select workflow, stratum, arm, since, units, refunds, tickets, downgrades, churned
from guarded_units
order by workflow, stratum, arm, since
