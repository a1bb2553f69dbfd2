-- The secret that identities are signed with from now on.
insert into identity_secrets (secret, made_at) values (%(secret)s, moment(%(now)s))
