-- Who is signed in by what a browser shows; nothing when it was idle or lasted too long.
select users.number, users.email, users.role, sessions.seen_at
from sessions
inner join users on users.number = sessions.user_number and users.removed_at is null
where
    sessions.hash = %(hash)s
    and sessions.seen_at > moment(%(idle_since)s)
    and sessions.started_at > moment(%(begun_since)s)
