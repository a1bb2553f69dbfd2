-- What a source told of things that it names by their ids.
select kept.kind, kept.vendor_id, kept.since, kept.said
from vendor_details as kept
join unnest(%(kinds)s::text[], %(vendor_ids)s::text[]) as asked (kind, vendor_id)
    on kept.kind = asked.kind and kept.vendor_id = asked.vendor_id
where kept.source = %(source)s
