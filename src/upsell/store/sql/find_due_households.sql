-- Households in some shards that time concerns at a moment, at most so many for each shard.
select distinct household_id
from unnest(%(shards)b::smallint[]) as held (shard)
cross join lateral (
    select units.household_id
    from units
    where units.shard = held.shard and units.next_due_at <= moment(%(until)s)
    order by units.next_due_at
    limit %(limit)s
) as due
order by household_id
