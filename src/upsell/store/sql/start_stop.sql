-- Stop from now on; what is stopped already stays so.
insert into stops (channel, workflow, started_at, started_by, because)
values (%(channel)s, %(workflow)s, moment(%(at)s), %(by)s, %(because)s)
on conflict (channel, workflow) where ended_at is null do nothing
