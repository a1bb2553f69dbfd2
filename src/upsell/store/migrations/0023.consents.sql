-- What customers had before their eyes when they consented or withdrew, so that it can be shown again.
-- depends: 0019.link_secrets

create table consent_texts (
    version text primary key,
    language text not null,
    said text not null,
    first_used_at timestamptz not null
);
