-- Every household that any event is of, with the columns of first_exposures that money_events asks for.
select distinct unit_id
from events
where is_household and occurred_at <= $as_of
