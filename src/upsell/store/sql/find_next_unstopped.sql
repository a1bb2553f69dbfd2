-- When the dispatcher next has something to do while some workflows are stopped; else as find_next_attempt.
select least(
    (
        select min(greatest(earliest.next_attempt_at, moment(rest.until)))
        from unnest(%(channels)b::text[], %(untils)b::bigint[]) as rest (channel, until)
        cross join lateral (
            select next_attempt_at
            from outbox
            where
                state = 'reserved' and outbox.channel = rest.channel and workflow <> all(%(workflows)s::text[])
            order by next_attempt_at
            limit 1
        ) as earliest
    ),
    (select min(lease_ends_at) from outbox where state in ('claimed', 'sending'))
)
