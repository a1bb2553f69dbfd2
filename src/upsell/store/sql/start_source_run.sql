-- Begin the next run of a query, and give its number.
insert into source_runs (source, number, started_at)
values (%(source)s, 1, moment(%(now)s))
on conflict (source) do update set number = source_runs.number + 1, started_at = excluded.started_at
returning number
