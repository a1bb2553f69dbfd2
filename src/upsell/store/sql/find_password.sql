-- The hash of the password of a name; nothing for one who may not sign in.
select number, password from users where email = %(email)s and removed_at is null
