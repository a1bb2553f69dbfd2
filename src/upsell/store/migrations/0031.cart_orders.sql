-- What is taken in a checkout lies in the shop's cart until an order shows what became of it.
-- depends: 0028.orders

-- Whether it is a change of a cart, which is known by its key alone: the same offer may be taken for the next cart.
alter table orders add column of_cart boolean not null default false;

-- Two states more, beside whichever there are.
do $$
declare
    known text;
begin
    select pg_get_expr(conbin, conrelid) into known from pg_constraint where conname = 'orders_state';
    alter table orders drop constraint orders_state;
    execute format(
        'alter table orders add constraint orders_state check ((%s) or state in (''in_cart'', ''left_out''))', known
    );
    select pg_get_expr(indpred, indrelid) into known from pg_index where indexrelid = 'orders_once'::regclass;
    drop index orders_once;
    execute format(
        'create unique index orders_once on orders (enrollment, offer, thing, converts) '
        'where (%s) and not of_cart', known
    );
end
$$;

create index orders_in_cart on orders (accepted_at) where state = 'in_cart';
