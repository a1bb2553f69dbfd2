-- Of events about money those about subscriptions; of several told at one moment the last place stands.
select
    unit_id,
    occurred_at,
    is_terms,
    is_cancellation,
    subscription_id,
    currency,
    is_trialing,
    plan,
    quantity,
    amount,
    months,
    ends_at,
    case name
        when 'Subscription Canceled' then 0
        when 'Subscription Started' then 1
        when 'Subscription Changed' then 2
        else 3
    end as place
from money_events
where is_terms or is_cancellation
