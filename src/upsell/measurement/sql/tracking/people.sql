-- How many customers each household has now.
select household_id, count(*) as customers
from homes
where unit_id like 'c:%'
group by household_id
