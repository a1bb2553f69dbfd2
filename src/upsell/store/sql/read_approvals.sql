-- What was asked and decided of an order, in order.
select number, key, act, done_by, because, words, total, most, currency, done_at
from approvals
where key = %(key)s
order by number
