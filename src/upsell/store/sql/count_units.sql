-- How many customers there are, how many of them in an account, and how many accounts.
select
    count(*) filter (where unit_id like 'c:%'),
    count(*) filter (where unit_id like 'c:%' and household_id <> unit_id),
    count(*) filter (where unit_id like 'a:%')
from units
