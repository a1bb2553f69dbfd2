-- The calendar months, in UTC, from that of $since to that of $until; the last ends at $until.
with begun as (
    select
        date_trunc('month', $since at time zone 'UTC')
        + cast(steps.step as integer) * interval '1 month' as starts_at
    from generate_series(0, $months) as steps(step)
)

select
    strftime(starts_at, '%Y-%m') as month,
    greatest(starts_at, $since at time zone 'UTC') as starts_at,
    least(starts_at + interval '1 month', $until at time zone 'UTC') as ends_at
from begun
where starts_at < $until at time zone 'UTC'
