-- Remember who asked for help or their money back, took less or left, in a piece of the ledger: the household,
-- and the person. What a launch tells happened to nobody.
with heard as (
    select
        events.household_id, coalesce(merged.customer_id, events.customer_id) as customer_id, events.occurred_at,
        case events.name
            when 'Refunded' then 'excess_refund_rate'
            when 'Ticket Opened' then 'excess_ticket_rate'
            when 'Subscription Downgraded' then 'excess_downgrade_rate'
            else 'excess_churn_rate'
        end as measure
    from events
    left join merged_customers as merged on events.customer_id = merged.gone_id
    where
        events.position > %(after)s and events.position <= %(up_to)s and events.seen_at >= moment(%(since)s)
        and events.name in ('Refunded', 'Ticket Opened', 'Subscription Downgraded', 'Subscription Canceled')
        and not events.is_historical
        and not (events.is_derived and events.source = 'launch')
)

insert into guarded_signals (unit_id, measure, occurred_at)
select household_id, measure, occurred_at from heard
union
select 'c:' || customer_id, measure, occurred_at from heard where customer_id is not null
on conflict do nothing
