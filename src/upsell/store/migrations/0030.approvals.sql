-- Offers above a limit wait for somebody's approval; what was promised is kept with what was accepted; going back
-- is an order of its own.
-- depends: 0028.orders

-- asked waits for an approver until decide_by; refused and lapsed are its other ends. What was promised in words, until
-- when the guarantee holds and what they had before are written down as they were when it was accepted. An order that
-- takes another one back names it in returns; because says why.
alter table orders
drop constraint orders_state,
add constraint orders_state check (
    state in ('accepted', 'fulfilling', 'fulfilled', 'failed', 'waiting', 'asked', 'refused', 'lapsed')
),
add column decide_by timestamptz,
add column months integer,
add column guarantee text not null default '',
add column downgrade text not null default '',
add column guarantee_until timestamptz,
add column had text,
add column returns text not null default '',
add column because text not null default '';

drop index orders_once;
create unique index orders_once on orders (enrollment, offer, thing, converts)
where state not in ('failed', 'lapsed') and returns = '';
create index orders_asked on orders (decide_by) where state = 'asked';
create index orders_returns on orders (returns) where returns <> '';

-- What was asked and decided of orders above a limit: rows are added and never changed. Of what was asked, the limit
-- it was beyond; none where its total or its currency could not be compared.
create table approvals (
    number bigint generated always as identity primary key,
    key text not null,
    act text not null,
    done_by text not null,
    because text not null,
    words text not null default '',
    total bigint,
    most bigint,
    currency text not null,
    done_at timestamptz not null,
    constraint approvals_act check (act in ('asked', 'approved', 'refused', 'lapsed'))
);

create index approvals_key on approvals (key, number);
create unique index approvals_once on approvals (key) where act <> 'asked';

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are added and never changed', tg_table_name;
end
$$;

create trigger approvals_kept before update or delete on approvals
for each row execute function refuse_change();
