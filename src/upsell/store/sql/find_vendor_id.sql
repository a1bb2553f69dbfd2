-- Whom an id of a vendor's means.
select customer_id, account_id from vendor_ids where source = %(source)s and vendor_id = %(vendor_id)s
