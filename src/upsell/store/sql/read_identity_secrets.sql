-- The secrets that identities are signed with and that have not ended, the newest first.
select secret from identity_secrets
where ends_at is null or ends_at > moment(%(now)s)
order by number desc
