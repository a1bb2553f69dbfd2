-- Put messages into the outbox, reserved; a key that is there already stays as it is.
insert into outbox (
    key, shard, household_id, unit_id, customer_id, enrollment, workflow, version, step, visit,
    channel, intent, content, offer, arm, trigger, terms, reserved_at, state, next_attempt_at
)
select
    key, shard, household_id, unit_id, customer_id, enrollment, workflow, version, step, visit,
    channel, intent, content, offer, arm, trigger, terms, moment(reserved_at), 'reserved',
    moment(next_attempt_at)
from
    unnest(
        %(keys)b::text[], %(shards)b::smallint[], %(households)b::text[], %(units)b::text[],
        %(customers)b::text[], %(enrollments)b::text[], %(workflows)b::text[], %(versions)b::text[],
        %(steps)b::text[], %(visits)b::integer[], %(channels)b::text[], %(intents)b::text[],
        %(contents)b::text[], %(offers)b::text[], %(arms)b::text[], %(triggers)b::text[],
        %(terms)b::text[], %(reserved)b::bigint[], %(nexts)b::bigint[]
    ) as asked (
        key, shard, household_id, unit_id, customer_id, enrollment, workflow, version, step, visit,
        channel, intent, content, offer, arm, trigger, terms, reserved_at,
        next_attempt_at
    )
on conflict do nothing
