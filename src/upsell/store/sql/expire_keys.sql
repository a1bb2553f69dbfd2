-- Let the keys of a name that have no end yet end at a moment.
update keys
set expires_at = moment(%(until)s)
where name = %(name)s and revoked_at is null and expires_at is null
