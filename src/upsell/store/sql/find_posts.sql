-- By which steps a passage told a server of an offer.
select workflow, version, step
from outbox
where unit_id = %(unit)s and enrollment = %(enrollment)s and offer = %(offer)s and channel = 'webhook'
