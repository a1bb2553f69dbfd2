-- Open tasks are counted in an index alone, by queue and by whose they are, however many there ever were.
-- depends: 0053.heard_texts

drop index tasks_open;
create index tasks_open on tasks (queue, due_at, snoozed_until, owner) where closed_at is null;
