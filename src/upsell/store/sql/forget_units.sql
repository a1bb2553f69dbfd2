-- Units that went into another keep no record of their own.
delete from units
where unit_id = any(%(units)b::text[])
