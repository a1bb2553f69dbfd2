-- When the dispatcher next has something to do while something is stopped; else as find_next_attempt.
select least(
    (
        select min(next_attempt_at)
        from outbox
        where
            state = 'reserved'
            and not %(is_all)s::boolean
            and channel <> all (%(channels)s::text[])
            and workflow <> all (%(workflows)s::text[])
    ),
    (select min(lease_ends_at) from outbox where state in ('claimed', 'sending'))
)
