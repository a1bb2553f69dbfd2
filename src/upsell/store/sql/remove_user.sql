-- Let a user in no more.
update users set removed_at = moment(%(at)s), password = null where number = %(number)s
