-- End every session of a user, and those of anybody that have run out.
delete from sessions
where
    user_number = %(user)s
    or seen_at <= moment(%(idle_since)s)
    or started_at <= moment(%(begun_since)s)
