-- Wake whoever waits for events; heard when the transaction commits.
notify upsell_events
