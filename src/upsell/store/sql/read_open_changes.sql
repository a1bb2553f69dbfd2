-- Changes that are neither live nor closed, the newest first.
select number, state, made_from, hash, because, proposed_by, proposed_at, revision
from changes
where state in ('draft', 'asked', 'approved')
order by number desc
limit %(most)s
