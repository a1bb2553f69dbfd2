-- Up to when the ledger is summed for guardrails.
select seen_at
from guarded
