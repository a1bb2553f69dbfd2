-- What an offer came to for the unit it was made to, as JSON; null without an offer.
-- depends: 0003.outbox

alter table outbox add column terms text;
alter table tasks add column terms text;
