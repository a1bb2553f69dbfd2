-- Orders that lie in a cart, each with what was ordered since by whoever it is of: by the id they had then, and
-- by the one they went into. In the order of the ledger.
with recursive whoever as (
    select key, customer_id, accepted_at
    from orders
    where state = 'in_cart' and accepted_at >= moment(%(since)s)
    union
    select whoever.key, identities.customer_id, whoever.accepted_at
    from whoever
    inner join identities on whoever.customer_id = identities.gone_id
),

homes as (
    select whoever.key, whoever.customer_id, whoever.accepted_at, 'c:' || whoever.customer_id as household_id
    from whoever
    union
    select whoever.key, whoever.customer_id, whoever.accepted_at, units.household_id
    from whoever
    inner join units on units.unit_id = 'c:' || whoever.customer_id
)

select homes.key, events.properties
from homes
inner join events
    on
        homes.household_id = events.household_id
        and homes.customer_id = events.customer_id
        and events.seen_at >= homes.accepted_at
where events.name = 'Order Completed' and not events.is_derived
order by events.position
