-- Events by the unit they count for: the household, and a customer of an account who is a unit themselves.
select unit_id, name, occurred_at, properties, is_household
from ledger
