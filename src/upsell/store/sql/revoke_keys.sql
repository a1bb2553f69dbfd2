-- Take back every key of a name that is still good.
update keys
set revoked_at = moment(%(at)s)
where name = %(name)s and revoked_at is null and (expires_at is null or expires_at > moment(%(at)s))
