-- Note that partitions are being read and where they end; what troubled them is over.
update kafka_offsets as kept set
    end_offset = heard.end_offset,
    heard_at = moment(%(now)s),
    trouble = ''
from
    unnest(%(topics)s::text[], %(partitions)s::integer[], %(ends)s::bigint[])
        as heard (topic, partition, end_offset)
where kept.source = %(source)s and kept.topic = heard.topic and kept.partition = heard.partition
