-- How one sink stands, for its lane: of what waits only so many are counted, and of the dead whether there are any.
-- What is looked at comes in the order of an index of its own, so that nothing else is read.
select
    name, is_live, position, moved_at, taken, taken_at, failures, said, retry_at, gone, trouble, heard_at,
    unheard,
    (
        select count(*)
        from (
            select from sink_parcels where sink = sinks.name and died_at is null order by retry_at limit %(most)s
        ) as waiting
    ),
    ((select min(died_at) from sink_parcels where sink = sinks.name and died_at is not null) is not null)::integer
from sinks
where name = %(name)s
