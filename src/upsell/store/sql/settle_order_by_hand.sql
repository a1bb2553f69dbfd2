-- Say by hand where an order stands that stands where it is known to.
update orders
set
    state = %(state)s,
    answer = %(answer)s,
    guarantee_until = moment(%(guarantee_until)s::bigint),
    detail = %(detail)s,
    task = %(task)s,
    is_given_up = false,
    converts = %(converts)s,
    pay_url = '',
    pay_by = null,
    paid = null,
    refunded = case when %(state)s::text = 'fulfilled' then null else refunded end,
    credited = null,
    keeps_until = null,
    due_from = case
        when %(state)s::text = 'accepted' then moment(%(next_attempt_at)s::bigint) else due_from
    end,
    round = case when %(state)s::text = 'accepted' then round + 1 else round end,
    attempts = case when %(state)s::text = 'accepted' then 0 else attempts end,
    next_attempt_at = moment(%(next_attempt_at)s::bigint),
    finished_at = moment(%(finished_at)s::bigint)
where key = %(key)s and state = %(before)s
