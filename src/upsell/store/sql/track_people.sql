-- How many customers each household has now.
copy (
    select household_id, count(*)
    from units
    where unit_id like 'c:%%' and unit_id not in (select 'c:' || gone_id from merged_customers)
    group by household_id
) to stdout (format csv)
