-- Events that metrics are made of up to a moment, moments as whole microseconds since 1970: once for the
-- household, and once more for a customer of an account who is a unit themselves. What is known of who went
-- into another is that other's. What a launch tells of memberships did not happen to anybody, but holds.
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
        where events.occurred_at <= moment(%(as_of)s) and events.name = any(%(names)s::text[])
    ),

    considered as (
        select distinct coalesce('c:' || merged.customer_id, decisions.unit_id) as unit_id
        from decisions
        left join merged_customers as merged on decisions.unit_id = 'c:' || merged.gone_id
    )

    select told.household_id, told.name, told.occurred_at, told.properties, 'true'
    from told
    union all
    select considered.unit_id, told.name, told.occurred_at, told.properties, 'false'
    from told
    inner join considered on considered.unit_id = 'c:' || told.customer_id
    where told.household_id <> considered.unit_id
) to stdout (format csv)
