-- Where in the ledger the last offer was taken.
select max(position) from events where name = 'Offer Accepted'
