-- Write down what a user did.
insert into acts (done_at, done_by, act, about, words, because)
values (moment(%(at)s), %(by)s, %(act)s, %(about)s, %(words)s, %(because)s)
