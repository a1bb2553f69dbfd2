-- Every subscription as it is known now, of whoever pays.
select
    units.unit_id,
    told.key as subscription_id,
    told.value ->> 'plan' as plan,
    (told.value ->> 'quantity')::float8 as quantity,
    (told.value ->> 'amount')::bigint as amount,
    told.value ->> 'currency' as currency,
    (told.value ->> 'interval_months')::integer as interval_months,
    told.value ->> 'status' as status,
    moment((told.value ->> 'started_at')::bigint) as started_at,
    moment((told.value ->> 'renews_at')::bigint) as renews_at,
    moment((told.value ->> 'ends_at')::bigint) as ends_at
from units
cross join json_each(units.state::json #> '{profile,subscriptions}') as told (key, value)
order by units.unit_id, told.key
