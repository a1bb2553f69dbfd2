-- Remember what a desk calls tasks.
insert into sink_tasks (sink, key, vendor_id)
select %(sink)s, key, vendor_id
from unnest(%(keys)s::text[], %(ids)s::text[]) as told (key, vendor_id)
on conflict (sink, key) do update set vendor_id = excluded.vendor_id
