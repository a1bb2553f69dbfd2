-- A user who may sign in once they set a password; nothing where somebody has the name already.
insert into users (email, role, password, added_at)
values (%(email)s, %(role)s, %(password)s, moment(%(at)s))
on conflict (email) where removed_at is null do nothing
returning number
