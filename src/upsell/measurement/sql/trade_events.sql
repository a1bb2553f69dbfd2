-- Of events about money the others: orders, and what takes away, which are canceled orders and refunds.
select
    unit_id,
    occurred_at,
    name = 'Order Completed' as is_order,
    currency,
    amount
from money_events
where not is_terms and not is_cancellation
