-- How many passages of units of a kind through each workflow go on, of every version, shadows too.
select
    passage.value ->> 'workflow',
    count(*)
from units
cross join lateral jsonb_each((units.state::jsonb) -> 'enrollments') as passage
where
    units.unit_id ~>=~ %(from)s and units.unit_id ~<~ %(until)s
    and passage.value ->> 'workflow' = any(%(workflows)s)
group by 1
