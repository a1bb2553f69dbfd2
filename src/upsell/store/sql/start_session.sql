-- Somebody is signed in from now on.
insert into sessions (hash, user_number, started_at, seen_at)
values (%(hash)s, %(user)s, moment(%(at)s), moment(%(at)s))
