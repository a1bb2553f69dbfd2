-- How much waits for a person: orders for an approver, tasks that are open and not put off, and those overdue,
-- messages of which nobody knows.
select
    (select count(*) from orders where state = 'asked'),
    count(*),
    count(*) filter (where due_at <= moment(%(at)s)),
    (select count(*) from outbox where state = 'unknown')
from tasks
where closed_at is null and (snoozed_until is null or snoozed_until <= moment(%(at)s))
