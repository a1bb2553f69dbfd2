-- Say how far the launch of a revision has come in a shard; null when it has come to its end.
update cursors
set revision = %(revision)s, launched_to = %(launched_to)s
where shard = %(shard)s
