-- What customers did with what was shown, by the key of the showing or of the prompt, message or task.
select
    name,
    cast(properties as json) ->> '$.key' as key,
    cast(properties as json) ->> '$.offer' as offer,
    min(occurred_at at time zone 'UTC') as answered_at
from events
where
    name in (
        'Message Delivered',
        'Message Opened',
        'Message Clicked',
        'Prompt Clicked',
        'Prompt Dismissed',
        'Offer Accepted'
    )
    and is_household
    and occurred_at <= $as_of
    and cast(properties as json) ->> '$.key' is not null
group by
    name,
    cast(properties as json) ->> '$.key',
    cast(properties as json) ->> '$.offer'
