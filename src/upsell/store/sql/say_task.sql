-- Say an open task anew from outside: its words, and the earlier of both due times; no row where it is so already.
update tasks
set
    title = %(title)s,
    why = coalesce(%(why)s, why),
    talk_track = coalesce(%(track)s, talk_track),
    due_at = least(due_at, moment(%(due)s)),
    updated_at = moment(%(at)s)
where
    key = %(key)s
    and closed_at is null
    and (
        title <> %(title)s
        or why is distinct from coalesce(%(why)s, why)
        or talk_track is distinct from coalesce(%(track)s, talk_track)
        or due_at > moment(%(due)s)
    )
