-- Find what is known of a unit at once.
create index on audience_events (unit_id, name, occurred_at);
analyze audience_events, audience_facts, audience_carts;
