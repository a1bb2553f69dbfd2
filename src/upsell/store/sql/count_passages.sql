-- How many stand where in a workflow now: the version, the step, the phase, whether as shadows, how many, and when
-- the first and the last of them came in, as microseconds since 1970; those after the goal are counted too.
select
    passage.value ->> 'version',
    coalesce(passage.value ->> 'step', ''),
    coalesce(passage.value ->> 'phase', 'walking'),
    coalesce((passage.value ->> 'is_shadow')::boolean, false),
    count(*),
    min((passage.value ->> 'entered_at')::bigint),
    max((passage.value ->> 'entered_at')::bigint)
from units
cross join lateral jsonb_each((units.state::jsonb) -> 'enrollments') as passage
where strpos(units.state, %(quoted)s) > 0 and passage.value ->> 'workflow' = %(workflow)s
group by 1, 2, 3, 4
order by 1, 2, 3, 4
