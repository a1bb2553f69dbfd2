-- Say what visits were: a person's or a machine's.
update visits
set verdict = told.verdict
from
    unnest(
        %(numbers)b::bigint[], %(kinds)b::text[], %(links)b::smallint[], %(seconds)b::bigint[], %(said)b::text[],
        %(verdicts)b::text[]
    ) as told (number, kind, link, second, said, verdict)
where
    visits.number = told.number
    and visits.kind = told.kind
    and visits.link = told.link
    and visits.second = told.second
    and visits.said = told.said
