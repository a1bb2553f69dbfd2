-- Say that a provider is about to be spoken to about these, and which; one that was taken back meanwhile stays
-- so, and what was stopped meanwhile is given back.
update outbox
set
    state = case when is_stopped then 'reserved' else 'sending' end,
    sending_at = case when is_stopped then sending_at else moment(%(now)s) end,
    lease_ends_at = case when is_stopped then null else moment(%(lease_ends_at)s) end,
    claimed_by = case when is_stopped then null else claimed_by end,
    attempts = attempts + case when is_stopped then 0 else 1 end,
    provider = case when is_stopped then outbox.provider else found.provider end,
    message_id = case when is_stopped then outbox.message_id else found.message_id end,
    address = case when is_stopped then outbox.address else found.address end
from (
    select
        asked.key,
        asked.provider,
        asked.message_id,
        asked.address,
        exists (
            select from stops
            where ended_at is null
            and stops.channel in ('', queued.channel)
            and stops.workflow in ('', queued.workflow)
        ) as is_stopped
    from
        unnest(%(keys)b::text[], %(providers)b::text[], %(message_ids)b::text[], %(addresses)b::text[])
        as asked (key, provider, message_id, address)
    inner join outbox as queued using (key)
) as found
where outbox.key = found.key and state = 'claimed' and claimed_by = %(claimer)s
returning outbox.key, is_stopped
