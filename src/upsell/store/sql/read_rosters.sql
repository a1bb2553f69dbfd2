-- Roles of those members of these accounts who are named or have a role that is addressed, in their order.
with concerned as (
    select household_id, customer_id
    from rosters
    where household_id = any(%(households)b::text[]) and role = any(%(roles)b::text[])
    union
    select household_id, customer_id
    from rosters
    where customer_id = any(%(customers)b::text[]) and household_id = any(%(households)b::text[])
)

select rosters.household_id, rosters.customer_id, rosters.role
from concerned
inner join rosters using (household_id, customer_id)
order by rosters.household_id, rosters.customer_id, rosters.place
