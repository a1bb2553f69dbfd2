-- The end of the next piece of the ledger that guardrails count: the last place of so many events, and how many.
select max(position), max(seen_at), count(*)
from (
    select position, seen_at
    from events
    where
        position > %(after)s and position <= %(up_to)s and seen_at >= moment(%(since)s)
        and name in (
            'Message Sent', 'Message Failed', 'Message Bounced', 'Message Complained', 'Consent Withdrawn',
            'Refunded', 'Ticket Opened', 'Subscription Downgraded', 'Subscription Canceled'
        )
    order by position
    limit %(limit)s
) as piece
