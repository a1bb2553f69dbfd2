-- Keep a revision; it is live after its place in the ledger.
insert into revisions (number, hash, documents, live_from, live_at, applied_at, note, edition)
values (
    %(number)s, %(hash)s, %(documents)s, %(live_from)s,
    moment(%(live_at)s), moment(%(applied_at)s), %(note)s, %(edition)s
)
