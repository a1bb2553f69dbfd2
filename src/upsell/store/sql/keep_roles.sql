-- Write roles of members, each at its place.
insert into rosters (household_id, customer_id, place, role)
select household_id, customer_id, place, role
from
    unnest(%(households)b::text[], %(customers)b::text[], %(places)b::smallint[], %(roles)b::text[])
        as changed (household_id, customer_id, place, role)
