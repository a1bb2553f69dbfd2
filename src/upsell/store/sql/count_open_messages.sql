-- How many messages are on their way, and of how many nobody knows, each counted no further than is asked.
select
    (select count(*) from (select from outbox where state = 'reserved' limit %(most)s) as reserved),
    (
        select count(*)
        from (select from outbox where state in ('claimed', 'sending') limit %(most)s) as leased
    ),
    (select count(*) from (select from outbox where state = 'unknown' limit %(most)s) as unknown)
