-- Discounts that a placement showed, with their terms: a row stands before its page has the answer, so
-- that whoever takes one is known by its key at once, however far behind the worker is.
-- depends: 0001.ledger

create table prompted_discounts (
    key text not null,
    shown_at timestamptz not null,
    workflow text not null,
    enrollment text not null,
    unit_id text not null,
    terms text not null,
    primary key (key, shown_at)
);

insert into prompted_discounts (key, shown_at, workflow, enrollment, unit_id, terms)
select
    said ->> 'prompt', min(seen_at), said ->> 'workflow', said ->> 'enrollment', said ->> 'unit',
    (said -> 'terms')::text
from (
    select seen_at, properties::json as said
    from events
    where name = 'Prompt Offered' and strpos(properties, '"discount_rate"') > 0
) as offered
group by said ->> 'prompt', said ->> 'workflow', said ->> 'enrollment', said ->> 'unit', (said -> 'terms')::text;

-- Purchases, and chances to make one: few beside the rest of the ledger, and asked for by themselves.
create index events_bought on events (occurred_at)
where name in ('Subscription Upgraded', 'Subscription Started', 'Order Completed', 'Offer Accepted');

create index events_looked on events (household_id, occurred_at)
where name in ('Pricing Viewed', 'Checkout Started', 'Prompt Offered');
