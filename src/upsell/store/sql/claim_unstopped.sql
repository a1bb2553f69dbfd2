-- Claim messages that may be tried now, while some workflows are stopped; else as claim_messages.
with due as (
    select earliest.key
    from unnest(%(channels)b::text[], %(limits)b::bigint[]) as may (channel, most)
    cross join lateral (
        select key
        from outbox
        where
            state = 'reserved'
            and outbox.channel = may.channel
            and next_attempt_at <= moment(%(now)s)
            and workflow <> all(%(workflows)s::text[])
        order by next_attempt_at
        limit may.most
        for update skip locked
    ) as earliest
)

update outbox
set state = 'claimed', claimed_by = %(claimer)s, lease_ends_at = moment(%(lease_ends_at)s)
from due
where outbox.key = due.key
returning
    outbox.key, enrollment, workflow, version, step, visit, unit_id, customer_id, channel, intent,
    content, offer, arm, trigger, terms, reserved_at, household_id, shard, attempts, number
