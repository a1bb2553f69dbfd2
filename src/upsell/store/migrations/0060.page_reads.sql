-- What pages count of work that waits is counted in an index alone, however many tasks there ever were.
-- depends: 0053.heard_texts

create index tasks_waiting on tasks (due_at, snoozed_until) where closed_at is null;
