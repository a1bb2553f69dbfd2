-- A change as it is drafted.
insert into changes (state, made_from, hash, because, proposed_by, proposed_at)
values ('draft', %(made_from)s, %(hash)s, %(because)s, %(by)s, moment(%(at)s))
returning number
