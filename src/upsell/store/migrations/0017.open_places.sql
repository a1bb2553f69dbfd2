-- A place whose message is on its way counts as now: it may be said at any moment. Once it was said it counts from
-- then, so `reserved_at` moves to that moment.
-- depends: 0013.places

alter table places add column is_open boolean not null default false;
