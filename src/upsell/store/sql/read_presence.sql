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
left join lateral (
    select max(acts.done_at) as at
    from acts
    where acts.done_by = users.email and acts.act = %(act)s and acts.done_at >= users.added_at
) as came on true
where users.removed_at is null
group by users.number
