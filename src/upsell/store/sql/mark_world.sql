-- What decides of everybody whether a prompt is there: the revision, pauses, stops and incidents.
select concat_ws(
    ' ',
    (select max(number) from revisions),
    (select string_agg(concat(number, ended_at), ',' order by number) from breaches where action = 'pause'),
    (select string_agg(concat(number, ended_at), ',' order by number) from stops),
    (select string_agg(concat(id, ended_at), ',' order by id) from incidents)
)
