-- Who is who: ids of customers that were found to be another's.
-- depends: 0003.outbox

-- An id that goes, and the one that stayed at that moment; that one may go later itself.
create table identities (
    gone_id text primary key,
    customer_id text not null,
    position bigint not null,
    merged_at timestamptz not null
);

create index identities_customer on identities (customer_id);

create index outbox_customer on outbox (customer_id) where state in ('reserved', 'claimed');

-- Every id that went, with the one that stays today.
create view merged_customers as
with recursive followed as (
    select gone_id, customer_id from identities
    union all
    select followed.gone_id, identities.customer_id
    from followed
    inner join identities on followed.customer_id = identities.gone_id
)

select followed.gone_id, followed.customer_id
from followed
where not exists (select from identities where identities.gone_id = followed.customer_id);
