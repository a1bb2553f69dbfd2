-- Every key there ever was, in the order they were made.
select number, name, kind, shown, hash, scopes, created_at, expires_at, revoked_at, last_used_at
from keys
order by number
