-- How many units each of some rules is true for; what stands in braces is put in by the program.
with events as not materialized (select * from audience_events)

select {counts}
from {units}
