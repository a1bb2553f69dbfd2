-- How the runs of queries went, by source; those named only.
select
    source, number, started_at, finished_at, succeeded_at, cursor, rows, sent, cleared, rejected, failures, error
from source_runs
where source = any(%(sources)s)
order by source
