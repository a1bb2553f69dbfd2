-- Exposures to a workflow's own contrasts up to a moment, moments as whole microseconds since 1970, for
-- measurement. The global control counts only for the whole programme, never for one workflow. Who went
-- into another was exposed as that other, so that the earliest exposure of either decides. The account is the
-- one they are in now.
copy (
    select
        exposures.workflow, exposures.contrast, exposures.stratum,
        coalesce('c:' || merged.customer_id, exposures.unit_id) as unit_id,
        exposures.arm, exposures.share, (extract(epoch from exposures.exposed_at) * 1000000)::bigint,
        first_value(exposures.stage) over (
            partition by
                exposures.workflow,
                exposures.contrast,
                coalesce('c:' || merged.customer_id, exposures.unit_id)
            order by exposures.exposed_at
        ),
        coalesce(units.household_id, 'c:' || merged.customer_id, exposures.unit_id) as account,
        coalesce(first_value(exposures.trigger) over (
            partition by
                exposures.workflow,
                exposures.contrast,
                coalesce('c:' || merged.customer_id, exposures.unit_id)
            order by exposures.exposed_at
        ), '') as trigger
    from exposures
    left join merged_customers as merged on exposures.unit_id = 'c:' || merged.gone_id
    left join units on units.unit_id = coalesce('c:' || merged.customer_id, exposures.unit_id)
    where exposures.exposed_at <= moment(%(as_of)s) and exposures.contrast <> 'control'
) to stdout (format csv)
