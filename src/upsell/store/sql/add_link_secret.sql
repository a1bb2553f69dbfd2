-- The secret that seals links from now on.
insert into link_secrets (secret, made_at) values (%(secret)s, moment(%(now)s))
