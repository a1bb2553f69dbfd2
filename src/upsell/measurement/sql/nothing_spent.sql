-- Stands for spendings where none are known; no row.
select
    '' as unit_id,
    now() as spent_at,
    0 as amount
where 1 = 0
