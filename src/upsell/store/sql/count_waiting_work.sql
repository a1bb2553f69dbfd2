-- How much waits for a person: orders for an approver, open tasks and those overdue, messages of which nobody knows.
select
    (select count(*) from orders where state = 'asked'),
    (select count(*) from tasks where closed_at is null),
    (select count(*) from tasks where closed_at is null and due_at < moment(%(at)s)),
    (select count(*) from outbox where state = 'unknown')
