-- How many messages wait because of each stop that holds.
select stops.number, count(outbox.key)
from stops
left join outbox
    on
        outbox.state = 'reserved'
        and stops.channel in ('', outbox.channel)
        and stops.workflow in ('', outbox.workflow)
where stops.ended_at is null
group by stops.number
order by stops.number
