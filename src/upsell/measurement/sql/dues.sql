-- What falls due in (exposed_at, horizon_closes_at]: the amount of a stretch at its start and every
-- interval after, counted from the start so that 31 January falls due on 28 February and 31 March.
with begun as (
    select
        *,
        greatest(
            0,
            (
                (
                    cast(extract(year from exposed_at) as integer)
                    - cast(extract(year from started_at) as integer)
                ) * 12
                + cast(extract(month from exposed_at) as integer)
                - cast(extract(month from started_at) as integer)
            ) // months
        ) as first_step
    from running_terms
),

stepped as (
    select
        begun.contrast,
        begun.unit_id,
        begun.exposed_at,
        begun.horizon_closes_at,
        begun.ended_at,
        begun.amount,
        begun.started_at
        + cast((begun.first_step + steps.step) * begun.months as integer) * interval '1 month' as due_at
    from begun
    -- No calendar month is shorter than 28 days, so $steps are enough to pass the horizon's end.
    cross join generate_series(0, $steps) as steps(step)
)

select
    contrast,
    unit_id,
    amount
from stepped
where
    due_at > exposed_at
    and due_at <= horizon_closes_at
    and (ended_at is null or due_at < ended_at)
