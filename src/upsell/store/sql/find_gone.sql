-- Every id that went into one of these, over any number of steps, up to and including a position.
with recursive followed as (
    select gone_id, customer_id
    from identities
    where customer_id = any(%(customers)b::text[]) and position <= %(up_to)s
    union all
    select identities.gone_id, followed.customer_id
    from followed
    inner join identities on followed.gone_id = identities.customer_id
    where identities.position <= %(up_to)s
)

select gone_id, customer_id
from followed
