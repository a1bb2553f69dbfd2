-- Events that outcomes are made of, once for each exposed unit they count for: the household, and
-- the customer of an account who was exposed alone.
copy (
    with told as (
        select
            household_id, customer_id, name, properties,
            (extract(epoch from occurred_at) * 1000000)::bigint as occurred_at
        from events
        where
            occurred_at <= moment(%(as_of)s)
            and (
                name in (
                    'Subscription Started', 'Subscription Changed', 'Subscription Renewed',
                    'Subscription Canceled', 'Order Completed', 'Order Canceled', 'Refunded'
                )
                or name = any(%(goals)s::text[])
            )
    ),

    exposed as (select distinct unit_id from exposures)

    select told.household_id, told.name, told.occurred_at, told.properties
    from told
    inner join exposed on told.household_id = exposed.unit_id
    union all
    select exposed.unit_id, told.name, told.occurred_at, told.properties
    from told
    inner join exposed on exposed.unit_id = 'c:' || told.customer_id
    where told.household_id <> exposed.unit_id
) to stdout (format csv)
