-- One who may sign in by their name, with the hash of their password; locked, so that two changes follow each other.
select number, email, role, added_at, password
from users
where email = %(email)s and removed_at is null
for update
