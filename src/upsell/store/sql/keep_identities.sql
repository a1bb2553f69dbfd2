-- Keep who was found to be whom; an id goes once.
insert into identities (gone_id, customer_id, position, merged_at)
select gone_id, customer_id, position, moment(%(merged_at)s)
from
    unnest(%(gone)b::text[], %(customers)b::text[], %(positions)b::bigint[])
    as merged (gone_id, customer_id, position)
on conflict do nothing
