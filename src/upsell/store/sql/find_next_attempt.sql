-- When the dispatcher next has something to do: a message to try that is not stopped, or a lease that ends.
select least(
    (
        select min(next_attempt_at)
        from outbox
        where
            state = 'reserved'
            and not exists (select from stops where ended_at is null and channel = '' and workflow = '')
            and channel <> all (array(select channel from stops where ended_at is null and channel <> ''))
            and workflow <> all (array(select workflow from stops where ended_at is null and workflow <> ''))
    ),
    (select min(lease_ends_at) from outbox where state in ('claimed', 'sending'))
)
