-- The documents of a change as one hash knows them.
select documents from change_documents where change = %(change)s and hash = %(hash)s
