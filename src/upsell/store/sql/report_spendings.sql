-- What messages that went out and tasks that were opened cost, in millionths of a minor unit, once for each
-- exposed unit they were for: the unit, the household, and the customer of an account who was exposed alone. A
-- task takes the minutes its closing told, if it was closed by then and told them, and else the usual ones.
copy (
    with spent as (
        select
            outbox.unit_id,
            outbox.household_id,
            outbox.customer_id,
            outbox.finished_at as spent_at,
            (%(prices)s::bigint[])[array_position(%(channels)s::text[], outbox.channel)] as price
        from outbox
        where
            outbox.channel = any(%(channels)s::text[])
            and outbox.state in ('sent', 'unknown')
            and outbox.finished_at <= moment(%(as_of)s)
        union all
        select
            tasks.unit_id,
            units.household_id,
            null,
            tasks.opened_at,
            (
                %(task_minute)s::double precision
                * case
                    when tasks.minutes is not null and tasks.closed_at <= moment(%(as_of)s) then tasks.minutes
                    else %(minutes_per_task)s::double precision
                end
            )::bigint
        from tasks
        left join units on tasks.unit_id = units.unit_id
        where %(task_minute)s::bigint > 0 and tasks.opened_at <= moment(%(as_of)s)
    ),

    named as (
        select distinct
            coalesce('c:' || merged.customer_id, known.unit_id) as unit_id, spent.spent_at, spent.price, spent.number
        from (select *, row_number() over () as number from spent) as spent
        cross join lateral (
            values (spent.unit_id), (spent.household_id), ('c:' || spent.customer_id)
        ) as known (unit_id)
        left join merged_customers as merged on known.unit_id = 'c:' || merged.gone_id
    ),

    exposed as (
        select distinct coalesce('c:' || merged.customer_id, exposures.unit_id) as unit_id
        from exposures
        left join merged_customers as merged on exposures.unit_id = 'c:' || merged.gone_id
    )

    select named.unit_id, (extract(epoch from named.spent_at) * 1000000)::bigint, named.price
    from named
    inner join exposed on named.unit_id = exposed.unit_id
) to stdout (format csv)
