-- The hash of a user's password.
update users set password = %(password)s where number = %(number)s and removed_at is null
