-- Move partitions that are held past what was read.
update kafka_offsets as kept set
    next_offset = moved.next_offset,
    taken = kept.taken + moved.taken,
    refused = kept.refused + moved.refused,
    empty = kept.empty + moved.empty,
    last_sent_at = coalesce(moment(moved.last_sent_at), kept.last_sent_at),
    trouble = ''
from
    unnest(
        %(topics)s::text[], %(partitions)s::integer[], %(offsets)s::bigint[],
        %(taken)s::bigint[], %(refused)s::bigint[], %(empty)s::bigint[], %(sent)s::bigint[]
    ) as moved (topic, partition, next_offset, taken, refused, empty, last_sent_at)
where kept.source = %(source)s and kept.topic = moved.topic and kept.partition = moved.partition
