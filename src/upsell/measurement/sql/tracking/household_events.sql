-- Each event once, by its household: what the totals of the whole company are made of.
select unit_id, name, occurred_at, properties, is_household
from ledger
where is_household
