-- Wake whoever sends; heard when the transaction commits.
notify upsell_outbox
