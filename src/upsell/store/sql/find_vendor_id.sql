-- Whom an id of a vendor's means: as its source told, else as the team said.
select customer_id, account_id
from vendor_ids
where source in (%(source)s, '') and vendor_id = %(vendor_id)s
order by source desc
limit 1
