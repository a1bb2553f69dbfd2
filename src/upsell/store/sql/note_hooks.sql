-- Count what came to webhooks and is no event.
insert into hook_counts (hook, outcome, day, count, last_at)
select hook, outcome, %(day)s, count, moment(%(now)s)
from unnest(%(hooks)b::text[], %(outcomes)b::text[], %(counts)b::bigint[]) as told (hook, outcome, count)
order by hook, outcome
on conflict (hook, outcome, day) do update
set count = hook_counts.count + excluded.count, last_at = greatest(hook_counts.last_at, excluded.last_at)
