-- Forget what a sink has taken after all.
delete from sink_parcels where sink = %(sink)s and position = any(%(positions)s::bigint[])
