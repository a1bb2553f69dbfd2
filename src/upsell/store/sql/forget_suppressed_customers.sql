-- Forget which customers' records were told that an address is suppressed; give them.
delete from suppressed_customers
where address = %(address)s
returning customer_id
