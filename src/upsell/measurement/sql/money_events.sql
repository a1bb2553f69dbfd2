-- Events of exposed units that say something about money, with their properties read. A property that
-- cannot be read is null, and so is the currency of an event without one.
with told as (
    select
        unit_id,
        name,
        occurred_at at time zone 'UTC' as occurred_at,
        name in ('Subscription Started', 'Subscription Changed', 'Subscription Renewed') as is_terms,
        name = 'Subscription Canceled' as is_cancellation,
        coalesce(cast(properties as json) ->> '$.subscription_id', 'default') as subscription_id,
        upper(cast(properties as json) ->> '$.currency') as currency,
        coalesce(cast(properties as json) ->> '$.status', 'active') = 'trialing' as is_trialing,
        cast(properties as json) ->> '$.amount' as amount_text,
        cast(properties as json) ->> '$.interval' as interval_text,
        cast(properties as json) ->> '$.ends_at' as ends_text,
        cast(properties as json) ->> '$.plan' as plan,
        cast(properties as json) ->> '$.quantity' as quantity_text
    from events
    where
        name in (
            'Subscription Started',
            'Subscription Changed',
            'Subscription Renewed',
            'Subscription Canceled',
            'Order Completed',
            'Order Canceled',
            'Refunded'
        )
        and occurred_at <= $as_of
        and unit_id in (select first_exposures.unit_id from first_exposures)
),

numbered as (
    select
        *,
        -- The same number may be written 4900, 4900.0 or 4.9e3, and engines differ in which they keep.
        case
            when amount_text ~ '^[0-9]{1,15}([.][0-9]{1,15})?([eE][+-]?[0-9]{1,2})?$'
                then cast(amount_text as double)
        end as amount_number
    from told
)

select
    unit_id,
    name,
    occurred_at,
    is_terms,
    is_cancellation,
    subscription_id,
    currency,
    is_trialing,
    plan,
    case when quantity_text ~ '^[0-9]{1,7}$' then cast(quantity_text as bigint) else 1 end as quantity,
    -- Above 10^12 minor units an amount is taken for a mistake: sums of cubes stay within 128 bits.
    case
        when amount_number = floor(amount_number) and amount_number <= 1000000000000
            then cast(amount_number as bigint)
    end as amount,
    case interval_text when 'month' then 1 when 'year' then 12 end as months,
    -- Only days that exist are cast, for a cast that fails would stop the whole reading.
    case
        when
            ends_text ~ '^([12][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)|[12][0-9](0[48]|[2468][048]|[13579][26])-02-29)[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])$'
            then cast(ends_text as timestamptz) at time zone 'UTC'
    end as ends_at
from numbered
