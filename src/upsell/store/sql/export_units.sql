-- Every unit as it is now, with what was said of it.
select
    unit_id, household_id, unit_id like 'a:%%' as is_account,
    coalesce(state::json #>> '{profile,traits}', '{}') as traits, taken_at
from units
order by unit_id
