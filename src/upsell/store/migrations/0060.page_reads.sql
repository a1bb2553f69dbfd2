-- Open tasks are counted in an index alone, by queue and by whose they are, however many there ever were.
-- depends: 0053.heard_texts

drop index tasks_open;
create index tasks_open on tasks (queue, due_at, snoozed_until, owner) where closed_at is null;

-- What one user did, and when last, is found without looking over what all of them did.
create index acts_done_by on acts (done_by, act, done_at);
