-- Write down when tasks were found overdue; the first time stands.
update tasks
set overdue_at = moment(found.at)
from unnest(%(keys)b::text[], %(moments)b::bigint[]) as found (key, at)
where tasks.key = found.key and tasks.overdue_at is null
