-- Take the roles of these members away, to be written anew or not.
delete from rosters
using unnest(%(households)b::text[], %(customers)b::text[]) as changed (household_id, customer_id)
where
    rosters.household_id = changed.household_id
    and rosters.customer_id = changed.customer_id
