-- The household each unit is of now; of ids that went into another, none.
copy (
    select unit_id, household_id
    from units
    where unit_id not in (select 'c:' || gone_id from merged_customers)
) to stdout (format csv)
