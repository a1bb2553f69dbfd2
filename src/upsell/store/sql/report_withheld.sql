-- Messages of a workflow that were reserved and then not sent on purpose, by reason and state.
select
    split_part(coalesce(reason, ''), ':', 1) as why,
    coalesce(substring(reason from '\((\w+)\)$'), '') as rule,
    count(*) as messages
from outbox
where workflow = %(workflow)s and state = 'withdrawn' and reserved_at <= moment(%(as_of)s)
group by 1, 2
order by messages desc, 1, 2
