-- Messages that providers took up to a moment, or may have taken, by who the unit is today.
copy (
    select
        outbox.key,
        outbox.workflow,
        coalesce('c:' || merged.customer_id, outbox.unit_id),
        coalesce(units.household_id, 'c:' || merged.customer_id, outbox.household_id),
        outbox.channel,
        coalesce(outbox.offer, ''),
        outbox.terms,
        (extract(epoch from coalesce(outbox.finished_at, outbox.reserved_at)) * 1000000)::bigint
    from outbox
    left join merged_customers as merged on outbox.unit_id = 'c:' || merged.gone_id
    left join units on units.unit_id = coalesce('c:' || merged.customer_id, outbox.unit_id)
    where
        outbox.state in ('sent', 'unknown')
        and coalesce(outbox.finished_at, outbox.reserved_at) <= moment(%(as_of)s)
) to stdout (format csv)
