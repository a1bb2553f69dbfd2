-- Everybody who may sign in, by name; whether they have set a password.
select number, email, role, password is not null, added_at
from users
where removed_at is null
order by email
