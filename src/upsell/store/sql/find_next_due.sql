-- When time next concerns anyone in some shards.
select min(due.next_due_at)
from unnest(%(shards)b::smallint[]) as held (shard)
cross join lateral (
    select units.next_due_at
    from units
    where units.shard = held.shard and units.next_due_at is not null
    order by units.next_due_at
    limit 1
) as due
