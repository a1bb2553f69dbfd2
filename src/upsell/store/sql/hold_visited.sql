-- Messages with visits that have been held back long enough; those another process is telling are passed over.
select links.number, links.key, links.sending_at, links.targets
from links
where
    links.number in (
        select visits.number
        from visits
        where visits.verdict is null and visits.visited_at <= moment(%(held_to)s)
        order by visits.visited_at
        limit %(limit)s
    )
order by links.number
for no key update skip locked
