-- Messages of a workflow reserved up to a moment, by state.
select state, count(*)
from outbox
where workflow = %(workflow)s and reserved_at <= moment(%(as_of)s)
group by state
