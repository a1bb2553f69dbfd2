-- Write units; a list of engaged members that did not change comes as null and stays.
insert into units (unit_id, household_id, shard, state, engaged, taken_at, next_due_at)
select unit_id, household_id, shard, state, engaged, moment(taken_at), moment(next_due_at)
from
    unnest(
        %(units)b::text[], %(households)b::text[], %(shards)b::smallint[], %(states)b::text[],
        %(engaged)b::text[], %(taken)b::bigint[], %(dues)b::bigint[]
    ) as changed (unit_id, household_id, shard, state, engaged, taken_at, next_due_at)
on conflict (unit_id) do update set
    household_id = excluded.household_id,
    shard = excluded.shard,
    state = excluded.state,
    engaged = coalesce(excluded.engaged, units.engaged),
    taken_at = excluded.taken_at,
    next_due_at = excluded.next_due_at
