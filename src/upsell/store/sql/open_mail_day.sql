-- Begin a day of a provider's warm-up, unless it is begun.
insert into mail_days (provider, day, granted)
values (%(provider)s, %(day)s::date, 0)
on conflict do nothing
