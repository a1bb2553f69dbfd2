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
