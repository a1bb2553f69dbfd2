-- Everything seen of kinds, in order of name.
select scope, property, kind, count, first_at, last_at from seen_kinds order by scope, property, kind
