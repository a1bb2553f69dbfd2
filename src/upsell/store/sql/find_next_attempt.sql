-- When the dispatcher next has something to do: a message to try, or a lease that ends.
select least(
    (select min(next_attempt_at) from outbox where state = 'reserved'),
    (select min(lease_ends_at) from outbox where state in ('claimed', 'sending'))
)
