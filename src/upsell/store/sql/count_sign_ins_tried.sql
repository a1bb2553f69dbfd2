-- How often signing in was tried of late by each name and address, and when the first of these was.
select whose, count(*), min(tried_at)
from sign_ins_tried
where whose = any(%(whose)s) and tried_at > moment(%(since)s)
group by whose
