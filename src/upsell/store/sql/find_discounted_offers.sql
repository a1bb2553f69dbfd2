-- Offers that were ever shown with a discount.
select distinct terms::json ->> 'offer' as offer
from outbox
where terms is not null and state in ('sent', 'unknown') and (terms::json ->> 'discount_rate')::float8 > 0
union
select distinct terms::json ->> 'offer' as offer
from showings
where (terms::json ->> 'discount_rate')::float8 > 0
