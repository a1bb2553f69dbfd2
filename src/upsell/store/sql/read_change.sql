-- One change.
select number, state, made_from, hash, because, proposed_by, proposed_at, revision
from changes
where number = %(number)s
