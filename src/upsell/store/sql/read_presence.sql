-- In how many browsers everybody who may sign in is signed in now, and when they were last here: what is left of
-- their sessions says so, and the log once these have ended.
select
    users.number,
    count(sessions.hash) filter (
        where sessions.seen_at > moment(%(idle_since)s) and sessions.started_at > moment(%(begun_since)s)
    ),
    greatest(max(sessions.seen_at), max(came.at))
from users
left join sessions on sessions.user_number = users.number
left join (
    select done_by, max(done_at) as at from acts where act = %(act)s group by done_by
) as came on came.done_by = users.email and came.at >= users.added_at
where users.removed_at is null
group by users.number
