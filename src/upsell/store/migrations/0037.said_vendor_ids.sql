-- Whom Stripe's ids of customers mean by what the team itself said, beside what Stripe told.
-- depends: 0032.vendor_ids

-- The source '' is the team: the trait stripe_customer_id, by which accepted offers find who pays. An account goes
-- before a customer, as there.
insert into vendor_ids (source, vendor_id, customer_id, account_id)
select distinct on (vendor_id)
    '',
    vendor_id,
    case when unit_id like 'c:%' then substr(unit_id, 3) end,
    case when unit_id like 'a:%' then substr(unit_id, 3) end
from (
    select unit_id, state::jsonb #>> '{profile,traits,stripe_customer_id}' as vendor_id
    from units
    where state like '%"stripe_customer_id"%'
) as said
where vendor_id <> '' and unit_id ~ '^[ac]:.'
order by vendor_id, unit_id
on conflict do nothing;
