-- Messages by their keys, or by what their provider calls them.
select
    key, household_id, customer_id, enrollment, unit_id, workflow, step, channel, intent, state, address, sending_at,
    substring(provider_id from '[^\s<>]+(?=>?\s*$)')
from outbox
where
    channel <> 'webhook'
    and sending_at is not null
    and (
        key = any(%(keys)b::text[])
        or (
            provider_id is not null
            and substring(provider_id from '[^\s<>]+(?=>?\s*$)') = any(%(provider_ids)b::text[])
        )
    )
