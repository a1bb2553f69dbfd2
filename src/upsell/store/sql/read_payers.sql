-- Whoever pays: accounts, and customers without one unless only accounts are asked for.
select unit_id, state
from units
where unit_id = household_id and (unit_id like 'a:%%' or not %(of_accounts)s)
