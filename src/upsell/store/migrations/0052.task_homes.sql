-- Open tasks are of the household in which whoever holds them lives by now.
-- depends: 0050.unit_search

with held as (
    select tasks.key, coalesce('c:' || merged_customers.customer_id, tasks.household_id) as holder
    from tasks
    left join merged_customers on tasks.household_id = 'c:' || merged_customers.gone_id
    where tasks.closed_at is null
)

update tasks
set household_id = units.household_id
from held
inner join units on held.holder = units.unit_id
where tasks.key = held.key and tasks.household_id <> units.household_id;
