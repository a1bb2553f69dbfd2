-- For those of these ids that went: the one that stays, and where in the ledger they went.
with recursive followed as (
    select gone_id, customer_id, position
    from identities
    where gone_id = any(%(customers)b::text[])
    union all
    select followed.gone_id, identities.customer_id, followed.position
    from followed
    inner join identities on followed.customer_id = identities.gone_id
)

select followed.gone_id, followed.customer_id, followed.position
from followed
where not exists (select from identities where identities.gone_id = followed.customer_id)
