-- Begin the benchmarks of a day; a day that has them stays as it is.
insert into benchmark_days (day, made_at, withheld) values (%(day)s, moment(%(made)s), %(withheld)s)
on conflict do nothing
