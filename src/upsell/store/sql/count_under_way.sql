-- How many units of a kind are under way in each workflow, each once however many keys it is in it with; in every
-- version, shadows too.
select
    passage.value ->> 'workflow',
    count(distinct units.unit_id)
from units
cross join lateral jsonb_each((units.state::jsonb) -> 'enrollments') as passage
where
    units.unit_id ~>=~ %(from)s and units.unit_id ~<~ %(until)s
    and passage.value ->> 'workflow' = any(%(workflows)s)
group by 1
