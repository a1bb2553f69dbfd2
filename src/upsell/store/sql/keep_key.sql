-- Keep a new key.
insert into keys (name, kind, shown, hash, scopes, created_at)
values (%(name)s, %(kind)s, %(shown)s, %(hash)s, %(scopes)s, moment(%(at)s))
