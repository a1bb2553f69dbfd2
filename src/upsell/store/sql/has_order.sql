-- Whether the paid terms of an offer of a passage were taken by an order.
select 1
from orders
where enrollment = %(enrollment)s and offer = %(offer)s and trial_days = 0 and returns = ''
limit 1
