-- Where a change stands from now on.
update changes
set
    state = %(state)s,
    made_from = %(made_from)s,
    hash = %(hash)s,
    revision = %(revision)s
where number = %(number)s
