-- What waits for a sink and is due, or all of it with no moment, the first first; with its event.
select
    event.position, event.shard, event.household_id, event.message_id, event.name, event.occurred_at, event.seen_at,
    event.customer_id, event.account_id, event.properties, event.source, event.is_historical,
    parcel.attempts, parcel.first_at
from sink_parcels as parcel
join events as event on event.position = parcel.position and event.seen_at = parcel.seen_at
where parcel.sink = %(sink)s and parcel.died_at is null and parcel.retry_at <= moment(%(now)s)
order by parcel.position
limit %(limit)s
