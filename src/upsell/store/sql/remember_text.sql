-- Remember a text that was heard; one that is known stays as it is.
insert into heard_texts (sid, heard_at)
values (%(sid)s, moment(%(heard_at)s))
on conflict do nothing
