-- End a session, and give whose it was.
delete from sessions
using users
where sessions.hash = %(hash)s and users.number = sessions.user_number
returning users.email
