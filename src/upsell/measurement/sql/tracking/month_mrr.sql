-- Recurring revenue of each household and currency at the start and the end of each month, in minor units;
-- what happens at the very start belongs to the month before. Only rows where either is above zero.
with paid as (
    select
        unit_id,
        subscription_id,
        currency,
        started_at,
        ended_at,
        monthly_amount,
        min(started_at) over (partition by unit_id, currency) as first_paid_at
    from stretches
    where not is_trialing and monthly_amount > 0
)

select
    paid.unit_id,
    paid.currency,
    months.month,
    months.starts_at,
    months.ends_at,
    min(paid.first_paid_at) as first_paid_at,
    sum(
        case
            when
                paid.started_at <= months.starts_at
                and (paid.ended_at is null or paid.ended_at > months.starts_at)
                then paid.monthly_amount
            else 0
        end
    ) as mrr_before,
    sum(
        case
            when
                paid.started_at <= months.ends_at
                and (paid.ended_at is null or paid.ended_at > months.ends_at)
                then paid.monthly_amount
            else 0
        end
    ) as mrr_after,
    count(
        distinct case
            when
                paid.started_at <= months.ends_at
                and (paid.ended_at is null or paid.ended_at > months.ends_at)
                then paid.subscription_id
        end
    ) as subscriptions
from paid
inner join months
    on
        paid.started_at <= months.ends_at
        and (paid.ended_at is null or paid.ended_at > months.starts_at)
group by
    paid.unit_id, paid.currency, months.month, months.starts_at, months.ends_at
