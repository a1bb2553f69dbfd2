-- Prompts in pages: who looks, and what every prompt showed.
-- depends: 0019.link_secrets

-- What the team's server signs with who looks at a page; the newest signs, every one that is not ended opens.

create table identity_secrets (
    number integer generated always as identity primary key,
    secret text not null,
    made_at timestamptz not null,
    ends_at timestamptz
);

-- Write keys stand in pages, which from now on may ask what to show to whom a signature names.
update keys set scopes = array_append(scopes, 'prompts:ask')
where kind = 'write' and not 'prompts:ask' = any(scopes);

-- What a prompt offered is accepted at the terms it was shown with, at full price too.
alter table prompted_discounts rename to showings;
alter index prompted_discounts_pkey rename to showings_pkey;

insert into showings (key, shown_at, workflow, enrollment, unit_id, terms)
select
    said ->> 'prompt', min(seen_at), said ->> 'workflow', said ->> 'enrollment', said ->> 'unit',
    (said -> 'terms')::text
from (
    select seen_at, properties::json as said
    from events
    where
        name = 'Prompt Offered'
        and strpos(properties, '"terms"') > 0
        and strpos(properties, '"discount_rate"') = 0
) as offered
where said -> 'terms' is not null
group by said ->> 'prompt', said ->> 'workflow', said ->> 'enrollment', said ->> 'unit', (said -> 'terms')::text;
