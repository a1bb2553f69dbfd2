-- Stretches of constant terms, one row each: [started_at, ended_at), ended_at null while it runs.
-- Terms are the same when amount, currency, interval and trial are; trialing terms owe nothing.
with told as (
    select
        unit_id,
        subscription_id,
        occurred_at as told_at,
        is_cancellation,
        case when is_cancellation then greatest(coalesce(ends_at, occurred_at), occurred_at) end as ends_at,
        is_trialing,
        case when is_trialing then 0 else amount end as amount,
        case when is_trialing then $currency else currency end as currency,
        case when is_trialing then 1 else months end as months,
        place
    from term_events
    where
        is_cancellation
        or (is_terms and is_trialing)
        or (is_terms and amount is not null and months is not null and currency is not null)
),

followed as (
    select
        *,
        lead(told_at) over (
            partition by unit_id, subscription_id
            order by told_at, place, is_trialing, amount, currency collate "C", months, ends_at
        ) as next_at
    from told
),

-- Of several told at one moment the last stands; a cancellation that the next word precedes is withdrawn.
turns as (
    select
        unit_id,
        subscription_id,
        case when is_cancellation then ends_at else told_at end as turns_at,
        is_cancellation,
        is_trialing,
        amount,
        currency,
        months
    from followed
    where
        next_at is null
        or (not is_cancellation and next_at > told_at)
        or (is_cancellation and next_at > ends_at)
),

compared as (
    select
        *,
        lag(is_cancellation) over w as was_cancellation,
        lag(is_trialing) over w as was_trialing,
        lag(amount) over w as was_amount,
        lag(currency) over w as was_currency,
        lag(months) over w as was_months
    from turns
    window w as (partition by unit_id, subscription_id order by turns_at)
),

bounded as (
    select
        *,
        lead(turns_at) over w as ended_at,
        lead(is_cancellation) over w as is_canceled
    from compared
    where
        is_cancellation
        or was_cancellation is null
        or was_cancellation
        or was_trialing <> is_trialing
        or was_amount <> amount
        or was_currency <> currency
        or was_months <> months
    window w as (partition by unit_id, subscription_id order by turns_at)
)

select
    unit_id,
    subscription_id,
    turns_at as started_at,
    ended_at,
    coalesce(is_canceled, false) as is_canceled,
    is_trialing,
    amount,
    currency,
    months,
    -- A yearly amount counts a twelfth, to the nearest whole minor unit, halves up.
    (2 * amount + months) // (2 * months) as monthly_amount
from bounded
where not is_cancellation
