-- Call sent what was unknown and turns out to have been accepted; one that somebody else is settling is left.
-- It keeps a reason, by which guardrails, which did not count it as sent, know it.
with found as (
    select key
    from outbox
    where key = any(%(keys)b::text[]) and state = 'unknown'
    for update skip locked
)

update outbox
set state = 'sent', reason = %(reason)s
from found
where outbox.key = found.key
returning outbox.key
