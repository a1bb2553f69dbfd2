-- Events that outcomes are made of, once for each exposed unit they count for: the household, and
-- the customer of an account who was exposed alone. What is known of who went into another is that other's.
-- What a launch tells of memberships is no outcome: nothing happened to anybody.
copy (
    with told as (
        select
            coalesce('c:' || alone.customer_id, events.household_id) as household_id,
            coalesce(named.customer_id, events.customer_id) as customer_id,
            events.name,
            events.properties,
            (extract(epoch from events.occurred_at) * 1000000)::bigint as occurred_at
        from events
        left join merged_customers as alone on events.household_id = 'c:' || alone.gone_id
        left join merged_customers as named on events.customer_id = named.gone_id
        where
            events.occurred_at <= moment(%(as_of)s)
            and not (events.is_derived and events.source = 'launch')
            and (
                events.name in (
                    'Subscription Started', 'Subscription Changed', 'Subscription Renewed',
                    'Subscription Canceled', 'Order Completed', 'Order Canceled', 'Refunded'
                )
                or events.name = any(%(goals)s::text[])
            )
    ),

    exposed as (
        select distinct coalesce('c:' || merged.customer_id, exposures.unit_id) as unit_id
        from exposures
        left join merged_customers as merged on exposures.unit_id = 'c:' || merged.gone_id
    )

    select told.household_id, told.name, told.occurred_at, told.properties
    from told
    inner join exposed on told.household_id = exposed.unit_id
    union all
    select exposed.unit_id, told.name, told.occurred_at, told.properties
    from told
    inner join exposed on exposed.unit_id = 'c:' || told.customer_id
    where told.household_id <> exposed.unit_id
) to stdout (format csv)
