-- Keep a text that was shown, the first time something is said under it.
insert into consent_texts (version, language, said, first_used_at)
values (%(version)s, %(language)s, %(said)s, moment(%(now)s))
on conflict do nothing
