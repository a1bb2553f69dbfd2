-- How many messages are in each state.
select state, count(*) from outbox group by state order by state
