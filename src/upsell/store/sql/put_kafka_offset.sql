-- Put a partition elsewhere by a person's word; what was read before is written no more.
update kafka_offsets set
    next_offset = %(next_offset)s,
    topic_id = %(topic_id)s,
    moves = moves + 1,
    trouble = ''
where source = %(source)s and topic = %(topic)s and partition = %(partition)s
returning moves
