-- Keep exposures; the first of a unit, workflow and contrast wins.
insert into exposures (unit_id, workflow, contrast, arm, share, stratum, exposed_at, enrollment, stage, trigger)
select unit_id, workflow, contrast, arm, share, stratum, moment(exposed_at), enrollment, stage, trigger
from
    unnest(
        %(units)b::text[], %(workflows)b::text[], %(contrasts)b::text[], %(arms)b::text[],
        %(shares)b::double precision[], %(strata)b::text[], %(exposed)b::bigint[], %(enrollments)b::text[],
        %(stages)b::text[], %(triggers)b::text[]
    ) as seen (unit_id, workflow, contrast, arm, share, stratum, exposed_at, enrollment, stage, trigger)
on conflict do nothing
