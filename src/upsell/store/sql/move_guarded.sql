-- Say up to where the ledger is summed for guardrails.
update guarded set position = %(position)s, seen_at = moment(%(seen_at)s)
