-- Claim orders that billing may be told of now, until a moment; with a key that one alone, also when it was just
-- accepted and nobody has told billing yet. One that waits and is due waits to be paid.
update orders
set state = 'fulfilling', attempts = attempts + 1, next_attempt_at = moment(%(until)s)
where key in (
    select key
    from orders
    where
        state in ('accepted', 'fulfilling', 'waiting')
        and (%(key)s::text = '' or key = %(key)s::text)
        and (
            next_attempt_at <= moment(%(now)s)
            or (key = %(key)s::text and state = 'accepted' and attempts = 0)
        )
    order by next_attempt_at, key
    limit %(limit)s
    for update skip locked
)
returning
    key, unit_id, household_id, customer_id, offer, thing, kind, trial_days, converts, terms, workflow,
    enrollment, via, accepted_at, state, attempts, next_attempt_at, answer, is_given_up, detail, task,
    finished_at, decide_by, months, guarantee, downgrade, guarantee_until, had, returns, because, checkout,
    pay_url, pay_by, paid, round, due_from, refunded, credited, keeps_until
