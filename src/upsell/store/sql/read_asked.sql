-- What was asked of an approver about some orders.
select number, key, act, done_by, because, words, total, most, currency, done_at
from approvals
where key = any(%(keys)s) and act = 'asked'
