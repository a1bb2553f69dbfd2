-- The documents of a change; those it had before are known already.
insert into change_documents (change, hash, documents)
values (%(change)s, %(hash)s, %(documents)s)
on conflict do nothing
