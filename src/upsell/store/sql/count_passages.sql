-- How many stand where in each workflow now: the workflow, the version, the step, the phase, whether as shadows,
-- how many; those after the goal are counted too. It reads every unit, and as JSON those who walk alone.
select
    passage.value ->> 'workflow',
    passage.value ->> 'version',
    coalesce(passage.value ->> 'step', ''),
    coalesce(passage.value ->> 'phase', 'walking'),
    coalesce((passage.value ->> 'is_shadow')::boolean, false),
    count(*)
from units
cross join lateral json_each((units.state::json) -> 'enrollments') as passage
where strpos(units.state, '"enrollments":{"') > 0
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5
