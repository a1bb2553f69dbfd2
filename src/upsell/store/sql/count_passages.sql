-- How many stand where in a workflow now, or in every one: which it is, the version, the step, the phase, whether as shadows, how many, and when
-- the first and the last of them came in, as microseconds since 1970; those after the goal are counted too.
select
    passage.value ->> 'workflow',
    passage.value ->> 'version',
    coalesce(passage.value ->> 'step', ''),
    coalesce(passage.value ->> 'phase', 'walking'),
    coalesce((passage.value ->> 'is_shadow')::boolean, false),
    count(*),
    min((passage.value ->> 'entered_at')::bigint),
    max((passage.value ->> 'entered_at')::bigint)
from units
cross join lateral json_each((units.state::json) -> 'enrollments') as passage
where
    %(workflow)s::text is null
    or (strpos(units.state, %(quoted)s) > 0 and passage.value ->> 'workflow' = %(workflow)s)
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5
