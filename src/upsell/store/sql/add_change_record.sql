-- Write down what was done about a change.
insert into change_records (change, act, done_by, done_at, because, hash)
values (%(change)s, %(act)s, %(by)s, moment(%(at)s), %(because)s, %(hash)s)
