-- Another role for a user.
update users set role = %(role)s where number = %(number)s
