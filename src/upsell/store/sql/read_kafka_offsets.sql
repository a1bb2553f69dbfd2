-- Where one source stands, or every one.
select
    source, topic, partition, next_offset, moves, topic_id, taken, refused, empty,
    last_sent_at, end_offset, heard_at, trouble
from kafka_offsets
where %(source)s::text is null or source = %(source)s::text
order by source, topic, partition
