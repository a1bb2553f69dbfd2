-- Texts that people sent and that were done, by what their carrier calls them: told again they change nothing.
-- depends: 0050.unit_search

create table heard_texts (
    sid text primary key,
    heard_at timestamptz not null
);
