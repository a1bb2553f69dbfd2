-- Passages through a workflow that go on, those after the goal left out: unit, household, id, version, step,
-- arm, whether it was exposed in it.
select
    units.unit_id,
    units.household_id,
    passage.key,
    passage.value ->> 'version',
    passage.value ->> 'step',
    passage.value ->> 'arm',
    coalesce(passage.value -> 'exposed', '[]'::jsonb) ? 'arms'
from units
cross join lateral jsonb_each((units.state::jsonb) -> 'enrollments') as passage
where
    strpos(units.state, %(quoted)s) > 0
    and passage.value ->> 'workflow' = %(workflow)s
    and coalesce(passage.value ->> 'after_goal', 'false') = 'false'
order by units.unit_id, passage.key
