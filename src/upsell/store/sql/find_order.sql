-- The order of a key, else the one by which the same offer of its passage was taken.
select
    key, unit_id, household_id, customer_id, offer, thing, kind, trial_days, converts, terms, workflow,
    enrollment, via, accepted_at, state, attempts, next_attempt_at, answer, is_given_up, detail, task,
    finished_at, decide_by, months, guarantee, downgrade, guarantee_until, had, returns, because, checkout,
    pay_url, pay_by, paid, round, due_from, refunded, credited, keeps_until
from orders
where
    key = %(key)s
    or (enrollment = %(enrollment)s and offer = %(offer)s and thing = %(thing)s and returns = ''
        and state not in ('failed', 'lapsed'))
order by key <> %(key)s, converts desc, accepted_at desc
limit 1
