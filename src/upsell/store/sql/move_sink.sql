-- Say how far a sink has been told, and how it stands; nothing where somebody put it elsewhere meanwhile.
update sinks
set
    position = %(position)s,
    moved_at = case when %(position)s > position then moment(%(now)s) else moved_at end,
    taken = taken + %(taken)s,
    taken_at = case when %(taken)s > 0 then moment(%(now)s) else taken_at end,
    failures = %(failures)s,
    said = %(said)s,
    retry_at = moment(%(retry_at)s),
    gone = %(gone)s
where name = %(sink)s and position = %(before)s
