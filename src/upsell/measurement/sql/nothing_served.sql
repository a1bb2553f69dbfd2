-- Stands for served where nothing is known to cost anything to serve; no row.
select
    '' as contrast,
    '' as unit_id,
    cast(0 as hugeint) as amount
where 1 = 0
