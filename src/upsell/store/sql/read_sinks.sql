-- How each sink stands, those that are live no more too, and how much it holds.
select
    name, is_live, position, moved_at, taken, taken_at, failures, said, retry_at, gone, trouble, heard_at,
    unheard,
    (select count(*) from sink_parcels where sink = sinks.name and died_at is null),
    (select count(*) from sink_parcels where sink = sinks.name and died_at is not null)
from sinks
where %(name)s = '' or name = %(name)s
order by name
