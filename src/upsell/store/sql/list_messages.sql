-- Messages, those reserved last first.
select
    key, state, channel, workflow, step, customer_id, intent, content, reserved_at, next_attempt_at,
    sending_at, finished_at, attempts, provider_id, reason
from outbox
where
    reserved_at >= moment(%(since)s)
    and (%(state)s::text is null or state = %(state)s)
    and (%(channel)s::text is null or channel = %(channel)s)
    and (%(workflow)s::text is null or workflow = %(workflow)s)
    and (%(customer)s::text is null or (customer_id = %(customer)s and unit_id = any(%(units)s::text[])))
order by reserved_at desc, key
limit %(limit)s
