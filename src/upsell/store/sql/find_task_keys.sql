-- The keys of tasks that begin so, two at most beside the one that is so.
(select key from tasks where key = %(key)s)
union
(select key from tasks where starts_with(key, %(key)s) order by key limit 2)
