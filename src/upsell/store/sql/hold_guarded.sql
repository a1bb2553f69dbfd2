-- Up to where the ledger is summed for guardrails; held, so that nothing is summed twice.
select position, seen_at, closed_to from guarded for update
