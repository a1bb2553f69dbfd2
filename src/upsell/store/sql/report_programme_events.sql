-- Events that outcomes are made of, for every household that was exposed to the global control.
copy (
    with exposed as (
        select distinct
            coalesce(units.household_id, 'c:' || merged.customer_id, exposures.unit_id) as household_id
        from exposures
        left join merged_customers as merged on exposures.unit_id = 'c:' || merged.gone_id
        left join units on units.unit_id = coalesce('c:' || merged.customer_id, exposures.unit_id)
        where exposures.contrast = 'control'
    )

    select
        exposed.household_id, events.name,
        (extract(epoch from events.occurred_at) * 1000000)::bigint,
        events.properties
    from events
    left join merged_customers as alone on events.household_id = 'c:' || alone.gone_id
    inner join exposed on exposed.household_id = coalesce('c:' || alone.customer_id, events.household_id)
    where
        events.occurred_at <= moment(%(as_of)s)
        and events.name in (
            'Subscription Started', 'Subscription Changed', 'Subscription Renewed', 'Subscription Canceled',
            'Order Completed', 'Order Canceled', 'Refunded', 'Subscription Upgraded'
        )
) to stdout (format csv)
