-- What is open in each queue: waiting, overdue, put off, and waiting for some of its people.
select
    queue,
    count(*) filter (where not is_snoozed),
    count(*) filter (where not is_snoozed and due_at <= moment(%(at)s)),
    count(*) filter (where is_snoozed),
    count(*) filter (where not is_snoozed and owner = any(%(owners)s::text[]))
from (
    select queue, owner, due_at, coalesce(snoozed_until > moment(%(at)s), false) as is_snoozed
    from tasks
    where closed_at is null
) as opened
group by queue
order by queue
