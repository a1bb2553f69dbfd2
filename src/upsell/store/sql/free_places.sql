-- Give the places of messages back.
delete from places
where key = any(%(keys)b::text[])
