-- Say that a run failed, and why.
update source_runs
set finished_at = moment(%(now)s), failures = failures + 1, error = %(error)s
where source = %(source)s
