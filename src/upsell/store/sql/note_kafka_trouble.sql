-- Note why reading partitions stopped.
update kafka_offsets as kept set trouble = %(trouble)s
from unnest(%(topics)s::text[], %(partitions)s::integer[]) as troubled (topic, partition)
where kept.source = %(source)s and kept.topic = troubled.topic and kept.partition = troubled.partition
