-- Units for which a rule is true, in the order of their ids, those after one of them, each with since when it
-- is in a segment as far as the worker noticed; what stands in braces is put in by the program.
with events as not materialized (select * from audience_events)

select
    units.unit_id,
    (json_of(units.state) -> 'segments' -> %(segment)s::text ->> 0)::bigint
from {units}
    and units.unit_id > %(after)s
    and {rule} is true
order by units.unit_id
limit %(limit)s
