-- Work for people, open and closed.
select
    key, unit_id, enrollment, workflow, queue, title, offer, terms, opened_at, due_at, closed_at, outcome, minutes
from tasks
order by opened_at, key
