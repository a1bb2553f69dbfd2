-- Let what is dead for a sink be tried again from the beginning: one by its id, or what was seen since a moment.
update sink_parcels
set died_at = null, attempts = 0, first_at = moment(%(now)s), retry_at = moment(%(now)s)
where
    sink = %(sink)s and died_at is not null
    and (%(id)s = '' or id = %(id)s)
    and seen_at >= moment(%(since)s)
