-- Let an incident for everyone hold from now on; one of that id that is known stays as it is.
insert into incidents (id, title, started_at)
values (%(id)s, %(title)s, moment(%(at)s))
on conflict (id) do nothing
