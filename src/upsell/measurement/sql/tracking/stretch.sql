-- The whole stretch as one, in the place of its months.
select
    'all' as month,
    $since at time zone 'UTC' as starts_at,
    $until at time zone 'UTC' as ends_at
