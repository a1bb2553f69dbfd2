-- The outbox page by page, the newest first, however long it grows.
-- depends: 0053.heard_texts

create index outbox_number on outbox (number);

-- What was not sent is rare among what was: its newest are found without looking over the others.
create index outbox_unsent on outbox (number) where state in ('failed', 'unknown', 'withdrawn');
