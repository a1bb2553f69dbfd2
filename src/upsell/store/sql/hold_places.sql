-- Hold the places of messages until the transaction ends.
select key from places where key = any(%(keys)b::text[]) order by key for update
