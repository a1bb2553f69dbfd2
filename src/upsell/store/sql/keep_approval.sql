-- What was asked or decided of an order; a decision only while there is none.
insert into approvals (key, act, done_by, because, words, total, most, currency, done_at)
values (
    %(key)s, %(act)s, %(done_by)s, %(because)s, %(words)s, %(total)s, %(most)s, %(currency)s, moment(%(done_at)s)
)
on conflict do nothing
returning number
