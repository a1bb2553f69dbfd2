-- Offers that were sent and whose terms still hold, by offer.
select terms::json ->> 'offer' as offer, count(*)
from outbox
where
    terms is not null
    and state in ('sent', 'unknown')
    and coalesce((terms::json ->> 'expires_at')::bigint > %(now)s, true)
group by 1
