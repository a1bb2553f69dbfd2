-- How far shards have been taken.
select shard, position, seen_at, revision, launched_to
from cursors
where shard = any(%(shards)b::smallint[])
order by shard
