-- Every answer up to a moment, by who the unit is today, moments as whole microseconds since 1970.
copy (
    select
        decisions.workflow,
        coalesce('c:' || merged.customer_id, decisions.unit_id),
        (extract(epoch from decisions.decided_at) * 1000000)::bigint,
        decisions.reason
    from decisions
    left join merged_customers as merged on decisions.unit_id = 'c:' || merged.gone_id
    where decisions.decided_at <= moment(%(as_of)s)
) to stdout (format csv)
