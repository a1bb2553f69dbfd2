-- Some of the newest messages before a number: the last number looked at, how many were, and those that are wanted.
with looked as materialized (
    select
        key, state, channel, workflow, step, customer_id, intent, content, reserved_at, next_attempt_at,
        sending_at, finished_at, attempts, provider_id, reason, number
    from outbox
    where number < %(before)s
    order by number desc
    limit %(look)s
),

reach as (select min(number) as reached, count(*) as looked from looked),

wanted as (
    select *
    from looked
    where
        state = any(%(states)b::text[])
        and (%(channel)s::text is null or channel = %(channel)s)
        and (%(workflow)s::text is null or workflow = %(workflow)s)
    order by number desc
    limit %(most)s
)

select reach.*, wanted.*
from reach
left join wanted on true
order by wanted.number desc
