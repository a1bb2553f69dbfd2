-- How many passages through each workflow go on, of every version, shadows too.
select
    passage.value ->> 'workflow',
    count(*)
from units
cross join lateral jsonb_each((units.state::jsonb) -> 'enrollments') as passage
where passage.value ->> 'workflow' = any(%(workflows)s)
group by 1
