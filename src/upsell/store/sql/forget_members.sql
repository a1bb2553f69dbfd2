-- Customers who went are members of nothing any more.
delete from members
where customer_id = any(%(customers)b::text[])
