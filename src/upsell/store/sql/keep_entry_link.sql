-- A link by which somebody sets a password.
insert into entry_links (hash, user_number, expires_at)
values (%(hash)s, %(user)s, moment(%(until)s))
