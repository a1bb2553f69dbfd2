-- Exposures to the global control up to a moment, by household and for the whole programme, moments as whole
-- microseconds since 1970, for measurement. A customer counts for the household they are in now.
copy (
    select
        '*' as workflow, exposures.contrast, exposures.stratum,
        coalesce(units.household_id, 'c:' || merged.customer_id, exposures.unit_id) as unit_id,
        exposures.arm, exposures.share, (extract(epoch from exposures.exposed_at) * 1000000)::bigint,
        '' as stage, '' as account, '' as trigger
    from exposures
    left join merged_customers as merged on exposures.unit_id = 'c:' || merged.gone_id
    left join units on units.unit_id = coalesce('c:' || merged.customer_id, exposures.unit_id)
    where exposures.exposed_at <= moment(%(as_of)s) and exposures.contrast = 'control'
) to stdout (format csv)
