-- Which of some unknown mails were heard of since: what was delivered, opened or came back had been accepted.
select distinct outbox.key, events.name
from outbox
inner join events on events.household_id = outbox.household_id
where
    outbox.key = any(%(keys)b::text[])
    and events.seen_at >= outbox.sending_at
    and events.name in (
        'Message Delivered', 'Message Bounced', 'Message Complained', 'Message Opened', 'Message Clicked'
    )
    -- A NUL is no text to the database.
    and strpos(events.properties, '\u0000') = 0
    and events.properties::json ->> 'key' = outbox.key
