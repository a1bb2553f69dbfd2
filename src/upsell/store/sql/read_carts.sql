-- Customers of whose cart something was said.
select unit_id, state
from units
where unit_id like 'c:%%' and strpos(state, '"cart":[') > 0
