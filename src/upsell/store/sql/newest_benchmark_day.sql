-- The last day on which benchmarks were made.
select day, made_at, withheld
from benchmark_days
order by day desc
limit 1
