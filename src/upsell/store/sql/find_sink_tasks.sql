-- What a desk calls some tasks.
select key, vendor_id from sink_tasks where sink = %(sink)s and key = any(%(keys)s::text[])
