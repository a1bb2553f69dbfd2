-- Keep a token that may be used once; one that came before stays as it is.
insert into hook_tokens (token, body_hash, seen_at)
values (%(token)s, %(body_hash)s, moment(%(now)s))
on conflict do nothing
