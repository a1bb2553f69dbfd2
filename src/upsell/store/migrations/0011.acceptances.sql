-- Offers that were taken are few and read often: what is limited in number runs out by them.
-- depends: 0001.ledger

create index events_accepted on events (position) where name = 'Offer Accepted';
