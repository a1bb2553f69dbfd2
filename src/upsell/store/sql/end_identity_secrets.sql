-- Those that have no end yet end at a moment.
update identity_secrets set ends_at = moment(%(ends_at)s) where ends_at is null
