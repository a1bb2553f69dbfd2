-- From when what an order changes is reckoned, where that is later than its acceptance: approved, or told anew.
-- depends: 0029.payments

alter table orders add column due_from timestamptz;
