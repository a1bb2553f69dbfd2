-- Take back messages that no provider has been spoken to about, some at a time, and their places with them.
with picked as (
    select key
    from outbox
    where state in ('reserved', 'claimed') and (key = any(%(keys)s::text[]) or workflow = %(workflow)s)
    order by key
    limit %(limit)s
    for update
),

freed as (
    delete from places using picked where places.key = picked.key
)

update outbox
set state = 'withdrawn', reason = %(reason)s, finished_at = moment(%(now)s), claimed_by = null, lease_ends_at = null
from picked
where outbox.key = picked.key
returning
    outbox.key, enrollment, workflow, version, step, visit, unit_id, customer_id, channel, intent,
    content, offer, arm, trigger, terms, reserved_at, household_id, shard, attempts, number
