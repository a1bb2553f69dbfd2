-- Let a sink be told again of everything since a moment.
update sinks
set
    position = coalesce((select min(position) - 1 from events where seen_at >= moment(%(since)s)), position),
    moved_at = moment(%(now)s)
where name = %(sink)s
