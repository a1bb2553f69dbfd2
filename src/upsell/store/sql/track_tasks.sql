-- Tasks opened up to a moment, by who the unit is today, moments as whole microseconds since 1970.
copy (
    select
        tasks.key,
        tasks.workflow,
        coalesce('c:' || merged.customer_id, tasks.unit_id),
        coalesce(units.household_id, 'c:' || merged.customer_id, tasks.unit_id),
        coalesce(tasks.offer, ''),
        tasks.terms,
        (extract(epoch from tasks.opened_at) * 1000000)::bigint,
        (extract(epoch from tasks.due_at) * 1000000)::bigint
    from tasks
    left join merged_customers as merged on tasks.unit_id = 'c:' || merged.gone_id
    left join units on units.unit_id = coalesce('c:' || merged.customer_id, tasks.unit_id)
    where tasks.opened_at <= moment(%(as_of)s)
) to stdout (format csv)
