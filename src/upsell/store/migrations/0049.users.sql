-- Users of the pages: who may sign in, what lets them in, and what each did.
-- depends: 0038.vendor_details

-- One row per person of the team. Who was removed stays, with the moment, for what they did is told by their name.
create table users (
    number bigint generated always as identity primary key,
    email text not null,
    role text not null,
    password text,
    added_at timestamptz not null,
    removed_at timestamptz,
    constraint users_role check (role in ('viewer', 'editor', 'approver', 'success', 'admin'))
);

create unique index users_email on users (email) where removed_at is null;

-- Links by which somebody sets a password, by the SHA-256 of what they end with; without a user it makes the first one.
create table entry_links (
    hash bytea primary key,
    user_number bigint references users (number),
    expires_at timestamptz not null
);

create index entry_links_user on entry_links (user_number);

-- Who is signed in, by the SHA-256 of what their browser keeps. A row ends with its session.
create table sessions (
    hash bytea primary key,
    user_number bigint not null references users (number),
    started_at timestamptz not null,
    seen_at timestamptz not null
);

create index sessions_user on sessions (user_number);

-- Sign-ins that were tried, by the name that was typed and by the address it came from, as SHA-256.
create table sign_ins_tried (
    number bigint generated always as identity primary key,
    whose bytea not null,
    tried_at timestamptz not null
);

create index sign_ins_tried_whose on sign_ins_tried (whose, tried_at);
create index sign_ins_tried_at on sign_ins_tried (tried_at);

-- What users did, and what was done about them: rows are added and never changed.
create table acts (
    number bigint generated always as identity primary key,
    done_at timestamptz not null,
    done_by text not null,
    act text not null,
    about text not null,
    words text not null,
    because text not null
);

create trigger acts_kept before update or delete on acts
for each row execute function refuse_change();
