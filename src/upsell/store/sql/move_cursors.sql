-- Say how far shards have been taken; one that is further already stays.
update cursors
set position = %(position)s, seen_at = moment(%(seen_at)s)
where shard = any(%(shards)b::smallint[]) and position <= %(position)s
