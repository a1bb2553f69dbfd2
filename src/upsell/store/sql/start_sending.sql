-- Say that a provider is about to be spoken to about these; one that was taken back meanwhile stays so, and
-- what was stopped meanwhile is given back.
update outbox
set
    state = case when is_stopped then 'reserved' else 'sending' end,
    sending_at = case when is_stopped then sending_at else moment(%(now)s) end,
    lease_ends_at = case when is_stopped then null else moment(%(lease_ends_at)s) end,
    claimed_by = case when is_stopped then null else claimed_by end,
    attempts = attempts + case when is_stopped then 0 else 1 end
from (
    select
        asked.key,
        exists (
            select from stops
            where ended_at is null
            and stops.channel in ('', queued.channel)
            and stops.workflow in ('', queued.workflow)
        ) as is_stopped
    from unnest(%(keys)b::text[]) as asked (key)
    inner join outbox as queued using (key)
) as found
where outbox.key = found.key and state = 'claimed' and claimed_by = %(claimer)s
returning outbox.key, is_stopped
