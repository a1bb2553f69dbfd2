-- Members of these accounts whom time concerns at a moment, held until the transaction ends.
select unit_id, household_id, state, engaged, taken_at
from units
where
    household_id = any(%(households)b::text[])
    and household_id <> unit_id
    and next_due_at <= moment(%(until)s)
order by unit_id
for update
