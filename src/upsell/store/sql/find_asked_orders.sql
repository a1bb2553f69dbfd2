-- Orders that wait for an approver, those that lapse first, after the last of them that was given before.
select
    key, unit_id, household_id, customer_id, offer, thing, kind, trial_days, converts, terms, workflow,
    enrollment, via, accepted_at, state, attempts, next_attempt_at, answer, is_given_up, detail, task,
    finished_at, decide_by, months, guarantee, downgrade, guarantee_until, had, returns, because, checkout,
    pay_url, pay_by, paid, round, due_from, refunded, credited, keeps_until
from orders
where state = 'asked' and (decide_by, key) > (moment(%(at)s), %(key)s)
order by decide_by, key
limit %(limit)s
