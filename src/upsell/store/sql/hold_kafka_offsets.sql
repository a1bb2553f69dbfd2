-- Hold partitions until the transaction ends, in one order for everybody, and say where they stand.
select kept.topic, kept.partition, kept.next_offset, kept.moves
from kafka_offsets as kept
join unnest(%(topics)s::text[], %(partitions)s::integer[]) as asked (topic, partition)
    on kept.topic = asked.topic and kept.partition = asked.partition
where kept.source = %(source)s
order by kept.topic, kept.partition
for update of kept
