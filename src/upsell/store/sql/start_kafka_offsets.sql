-- Begin to read partitions where nobody has begun.
insert into kafka_offsets (source, topic, partition, next_offset, topic_id)
select %(source)s, topic, partition, next_offset, topic_id
from
    unnest(%(topics)s::text[], %(partitions)s::integer[], %(offsets)s::bigint[], %(ids)s::text[])
        as started (topic, partition, next_offset, topic_id)
on conflict (source, topic, partition) do nothing
