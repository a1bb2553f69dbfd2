-- Say that a run came to its end.
update source_runs
set
    finished_at = moment(%(now)s), succeeded_at = moment(%(now)s), cursor = %(cursor)s, rows = %(rows)s,
    sent = %(sent)s, cleared = %(cleared)s, rejected = %(rejected)s, failures = 0, error = ''
where source = %(source)s
