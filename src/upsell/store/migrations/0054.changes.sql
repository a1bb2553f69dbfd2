-- Changes: documents proposed over a revision, and what was done about each until it went live or was closed.
-- depends: 0049.users

-- What is proposed now stands in change_documents under hash. made_from is the revision it was made from, 0 for none;
-- revision the one it became.
create table changes (
    number bigint generated always as identity primary key,
    state text not null,
    made_from integer not null,
    hash text not null,
    because text not null,
    proposed_by text not null,
    proposed_at timestamptz not null,
    revision integer,
    constraint changes_state check (
        state in ('draft', 'asked', 'approved', 'refused', 'launched', 'withdrawn')
    ),
    constraint changes_revision check ((revision is not null) = (state = 'launched'))
);

create index changes_open on changes (number) where state in ('draft', 'asked', 'approved');
create index changes_closed on changes (number) where state in ('refused', 'launched', 'withdrawn');

-- The documents of a change by what they are known by: added by each altering, and never changed.
create table change_documents (
    change bigint not null references changes (number),
    hash text not null,
    documents text not null,
    primary key (change, hash)
);

-- What was done about a change, of which documents: rows are added and never changed.
create table change_records (
    number bigint generated always as identity primary key,
    change bigint not null references changes (number),
    act text not null,
    done_by text not null,
    done_at timestamptz not null,
    because text not null,
    hash text not null,
    constraint change_records_act check (
        act in ('drafted', 'altered', 'asked', 'approved', 'refused', 'launched', 'withdrawn')
    )
);

create index change_records_change on change_records (change, number);

create trigger change_documents_kept before update or delete on change_documents
for each row execute function refuse_change();

create trigger change_records_kept before update or delete on change_records
for each row execute function refuse_change();
