-- What the members of each cohort used of each metric in their last whole usage period: how many they are and,
-- where they are enough and none of them stands out, the means of those beside each quartile. Whoever pays
-- counts, and only for a plan that is paid: by the subscription rules see, in months counted from its start.
with sold as (
    select item.id, item.family, item.tier
    from unnest(%(sold)b::text[], %(families)b::text[], %(tiers)b::bigint[]) as item (id, family, tier)
),

payers as (
    select units.unit_id, parsed.profile
    from units
    -- Parsed once for each row, not once for each time it is named.
    cross join lateral (select units.state::jsonb -> 'profile' as profile offset 0) as parsed
    where units.unit_id = units.household_id and left(units.unit_id, 1) = any(%(kinds)b::text[])
),

held as (
    select
        payers.unit_id, payers.profile -> 'usage' as usage, payers.profile -> 'traits' -> %(trait)s::text as trait,
        best.family, best.quantity, best.started_at, moment(%(now)s) at time zone 'UTC' as present
    from payers
    cross join lateral (
        select
            sold.family, said ->> 'status' as status, (said ->> 'quantity')::double precision as quantity,
            moment((said ->> 'started_at')::bigint) at time zone 'UTC' as started_at
        from jsonb_each(payers.profile -> 'subscriptions') as subscription (id, said)
        left join sold on sold.id = said ->> 'plan'
        where
            not said ->> 'plan' = any(%(beside)b::text[])
            and (said ->> 'ends_at' is null or (said ->> 'ends_at')::bigint > %(now)s)
        order by
            coalesce(sold.tier, -1) desc, (said ->> 'started_at')::bigint desc,
            subscription.id collate "C" desc
        limit 1
    ) as best
    where best.family is not null and best.status <> 'trialing'
),

counted as (
    select
        held.*,
        (extract(year from present) * 12 + extract(month from present))::integer
        - (extract(year from started_at) * 12 + extract(month from started_at))::integer as months
    from held
    where %(trait)s::text is null or (jsonb_typeof(trait) = 'string' and trait #>> '{}' <> '')
),

begun as (
    -- As of a day of the month before the anchor's, the present period began a month earlier.
    select
        counted.*,
        months - (started_at + make_interval(months => months) > present)::integer as periods
    from counted
),

paid as materialized (
    select
        unit_id, unit_id like 'a:%%' as is_account, family, usage, coalesce(trait #>> '{}', '') as value,
        (select count(*) from unnest(%(sizes)b::integer[]) as most (seats) where most.seats < quantity) as size,
        (extract(epoch from started_at + make_interval(months => periods - 1)) * 1000000)::bigint as began_at,
        (extract(epoch from started_at + make_interval(months => periods)) * 1000000)::bigint as ended_at
    from begun
),

used as (
    select paid.unit_id, paid.is_account, paid.family, paid.size, paid.value, asked.metric, period.amount
    from paid
    cross join unnest(%(metrics)b::text[]) as asked (metric)
    cross join lateral (
        select min(kept.amount) as amount, min(kept.started_at) as started_at, count(*) as periods
        from (
            select (entry -> 0)::bigint as started_at, (entry -> 1)::double precision as amount
            from
                jsonb_array_elements(
                    coalesce(paid.usage -> asked.metric -> 4, '[]')
                    || jsonb_build_array(
                        jsonb_build_array(paid.usage -> asked.metric -> 1, paid.usage -> asked.metric -> 0)
                    )
                ) as entry
            where jsonb_typeof(entry -> 0) = 'number'
        ) as kept
        where kept.started_at >= paid.began_at and kept.started_at < paid.ended_at
    ) as period
    where period.periods = 1 and period.started_at = paid.began_at and period.amount > 0
),

ranked as (
    select
        used.*, row_number() over (cohort order by amount) as place,
        count(*) over cohort as units, max(amount) over cohort as most, sum(amount) over cohort as total
    from used
    window cohort as (partition by metric, is_account, family, size, value)
),

measured as (
    select
        metric, is_account, family, size, value, units,
        units >= %(least)s and max(most) <= %(most_share)s * max(total) as is_kept,
        avg(amount) filter (where abs(place - 0.25 * (units + 1)) <= %(beside_quartile)s) as low,
        avg(amount) filter (where abs(place - 0.5 * (units + 1)) <= %(beside_quartile)s) as median,
        avg(amount) filter (where abs(place - 0.75 * (units + 1)) <= %(beside_quartile)s) as high
    from ranked
    group by metric, is_account, family, size, value, units
)

select
    metric, is_account, family, size, value, units,
    case when is_kept then low end, case when is_kept then median end, case when is_kept then high end
from measured
order by metric, is_account, family, size, value
