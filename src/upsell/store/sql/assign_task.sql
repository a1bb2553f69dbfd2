-- Give an open task to somebody, or let them take it up; no row where it is so already.
update tasks
set
    owner = %(owner)s,
    given_at = case when tasks.owner is distinct from %(owner)s::text then moment(%(at)s) else tasks.given_at end,
    taken_at = case
        when %(taken)s then coalesce(case when tasks.owner = %(owner)s::text then tasks.taken_at end, moment(%(at)s))
        when tasks.owner = %(owner)s::text then tasks.taken_at
    end
where
    tasks.key = %(key)s
    and tasks.closed_at is null
    and (tasks.owner is distinct from %(owner)s::text or (%(taken)s and tasks.taken_at is null))
