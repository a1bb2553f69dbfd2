-- Benchmarks that something not taken yet may be asked beside, and those that were used since a moment.
select
    benchmarks.metric, benchmarks.is_account, benchmarks.family, benchmarks.size, benchmarks.trait,
    benchmarks.value, benchmark_days.made_at, benchmarks.units, benchmarks.low, benchmarks.median, benchmarks.high
from benchmarks
inner join benchmark_days on benchmarks.day = benchmark_days.day
where
    benchmark_days.made_at
    > least(moment(%(since)s), (select min(cursors.seen_at) from cursors)) - interval '8 days'
order by benchmark_days.made_at, benchmarks.metric
