-- What is credited when terms give way to others inside (exposed_at, horizon_closes_at]: the unused part
-- of the last amount due, to the nearest whole minor unit, halves up. A cancellation credits nothing.
with ended as (
    select
        *,
        (
            (cast(extract(year from ended_at) as integer) - cast(extract(year from started_at) as integer))
            * 12
            + cast(extract(month from ended_at) as integer)
            - cast(extract(month from started_at) as integer)
        ) // months as step
    from running_terms
    where not is_canceled and ended_at <= horizon_closes_at
),

-- The step in the month of the end may lie at or after the end; then the one before was the last due.
stepped as (
    select
        *,
        case
            when started_at + cast(step * months as integer) * interval '1 month' < ended_at then step
            else step - 1
        end as last_step
    from ended
),

periods as (
    select
        contrast,
        unit_id,
        amount,
        ended_at,
        started_at + cast(last_step * months as integer) * interval '1 month' as due_at,
        started_at + cast((last_step + 1) * months as integer) * interval '1 month' as next_due_at
    from stepped
),

measured as (
    select
        contrast,
        unit_id,
        cast(amount as hugeint) as amount,
        date_diff('microsecond', ended_at, next_due_at) as unused,
        date_diff('microsecond', due_at, next_due_at) as period
    from periods
)

select
    contrast,
    unit_id,
    cast((2 * amount * unused + period) // (2 * period) as bigint) as amount
from measured
