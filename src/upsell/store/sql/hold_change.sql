-- One change, held until the transaction ends, so that one person decides at a time.
select number, state, made_from, hash, because, proposed_by, proposed_at, revision
from changes
where number = %(number)s
for update
