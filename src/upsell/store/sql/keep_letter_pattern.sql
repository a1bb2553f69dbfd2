-- Keep what letters of one template have in common.
insert into letter_patterns (hash, pattern)
values (%(hash)s, %(pattern)s)
on conflict do nothing
