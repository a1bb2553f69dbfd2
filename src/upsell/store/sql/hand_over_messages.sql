-- Hand messages that no provider has been spoken to about to the customer their person turned out to be.
update outbox
set
    customer_id = merged.customer_id,
    unit_id = case
        when outbox.unit_id = 'c:' || merged.gone_id then 'c:' || merged.customer_id else outbox.unit_id
    end,
    household_id = case
        when outbox.unit_id = 'c:' || merged.gone_id then merged.household_id else outbox.household_id
    end,
    shard = case when outbox.unit_id = 'c:' || merged.gone_id then merged.shard else outbox.shard end
from
    unnest(%(gone)b::text[], %(customers)b::text[], %(households)b::text[], %(shards)b::smallint[])
    as merged (gone_id, customer_id, household_id, shard)
where outbox.customer_id = merged.gone_id and outbox.state in ('reserved', 'claimed')
