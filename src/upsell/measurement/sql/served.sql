-- What serving a unit cost in (exposed_at, horizon_closes_at]: each word about a subscription says its plan
-- and quantity until the next one, trials too; a cancellation, until it takes effect. The cost of a month
-- is charged by elapsed time, in minor units times microseconds.
with told as (
    select
        unit_id,
        subscription_id,
        occurred_at,
        is_cancellation,
        case when is_cancellation then greatest(coalesce(ends_at, occurred_at), occurred_at) end as ends_at,
        case when is_terms then $serving_cost * quantity end as rate,
        place
    from term_events
),

followed as (
    select
        *,
        lead(occurred_at) over w as next_at,
        sum(case when is_cancellation then 0 else 1 end) over w as spell
    from told
    window w as (partition by unit_id, subscription_id order by occurred_at, place, rate, ends_at)
),

-- A cancellation goes on with what was told last before it.
spells as (
    select
        unit_id,
        occurred_at as started_at,
        max(rate) over (partition by unit_id, subscription_id, spell) as rate,
        case
            when is_cancellation then least(ends_at, coalesce(next_at, ends_at))
            else next_at
        end as ended_at
    from followed
)

select
    first_exposures.contrast,
    first_exposures.unit_id,
    sum(
        cast(spells.rate as hugeint) * date_diff(
            'microsecond',
            greatest(spells.started_at, first_exposures.exposed_at),
            least(
                coalesce(spells.ended_at, first_exposures.horizon_closes_at),
                first_exposures.horizon_closes_at
            )
        )
    ) as amount
from first_exposures
inner join spells
    on
        first_exposures.unit_id = spells.unit_id
        and spells.started_at < first_exposures.horizon_closes_at
        and (spells.ended_at is null or spells.ended_at > first_exposures.exposed_at)
where first_exposures.is_horizon_closed and spells.rate > 0
group by first_exposures.contrast, first_exposures.unit_id
