-- Forget the devices of a customer beyond a number, those told of longest ago.
delete from devices
where id in (
    select id
    from devices
    where customer_id = %(customer)s
    order by told_at desc, id
    offset %(most)s
)
