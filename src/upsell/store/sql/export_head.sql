-- How far what is only ever added to reaches: the ledger, and the numbers of decisions.
select
    (select position from ledger_head) as position,
    coalesce((select max(number) from decisions), 0) as number
