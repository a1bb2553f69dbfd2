-- An order, unless its key, or the same offer of its passage, was taken before.
insert into orders (
    key, unit_id, household_id, customer_id, offer, thing, kind, trial_days, converts, terms, workflow,
    enrollment, via, accepted_at, state, next_attempt_at, task, decide_by, months, guarantee, downgrade,
    guarantee_until, had, returns, because, of_cart
)
values (
    %(key)s, %(unit_id)s, %(household_id)s, %(customer_id)s, %(offer)s, %(thing)s, %(kind)s, %(trial_days)s,
    %(converts)s, %(terms)s, %(workflow)s, %(enrollment)s, %(via)s, moment(%(accepted_at)s), %(state)s,
    moment(%(next_attempt_at)s::bigint), %(task)s, moment(%(decide_by)s::bigint), %(months)s, %(guarantee)s,
    %(downgrade)s, moment(%(guarantee_until)s::bigint), %(had)s, %(returns)s, %(because)s,
    %(state)s::text = 'in_cart'
)
on conflict do nothing
