-- What prompts showed, each once as long as its terms stay the same.
insert into showings (key, shown_at, workflow, enrollment, unit_id, terms)
select told.key, moment(told.shown_at), told.workflow, told.enrollment, told.unit_id, told.terms
from
    unnest(
        %(keys)b::text[], %(shown)b::bigint[], %(workflows)b::text[], %(enrollments)b::text[],
        %(units)b::text[], %(terms)b::text[]
    ) as told (key, shown_at, workflow, enrollment, unit_id, terms)
where not exists (
    select from showings as known where known.key = told.key and known.terms = told.terms
)
on conflict do nothing
