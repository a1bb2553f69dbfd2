-- Units are looked for by how their ids begin.
-- depends: 0049.users

create index units_beginning on units (unit_id text_pattern_ops);
