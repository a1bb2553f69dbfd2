-- Say what came of telling billing; of an attempt that was given up for lost only that it is done.
update orders
set
    state = %(state)s,
    answer = %(answer)s,
    detail = %(detail)s,
    task = %(task)s,
    is_given_up = %(is_given_up)s,
    checkout = %(checkout)s,
    pay_url = %(pay_url)s,
    pay_by = moment(%(pay_by)s::bigint),
    paid = %(paid)s,
    refunded = %(refunded)s,
    credited = %(credited)s,
    keeps_until = moment(%(keeps_until)s::bigint),
    next_attempt_at = moment(%(next_attempt_at)s::bigint),
    finished_at = moment(%(finished_at)s::bigint)
where
    key = %(key)s
    and state in ('accepted', 'fulfilling')
    and (attempts = %(attempts)s or %(state)s::text = 'fulfilled')
