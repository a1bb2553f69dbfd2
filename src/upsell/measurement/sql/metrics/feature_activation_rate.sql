-- Share of the units that upgraded to a plan with features theirs lacked that used one of those within the horizon.
-- name: Activation of what was bought
-- formula: Feature Used of a feature the plan after has and the plan before lacks, in (upgraded_at, upgraded_at + horizon] / such upgrades with a closed horizon
-- unit: share
-- divides by: units in whose first such upgrade since exposure lay features that were new to them
-- no answer: the catalog names no new features of what was bought, or no horizon has closed
-- by: workflow, trigger, kind, stage, channel, plan, segment, cohort
-- needs: Feature Used
with changed as (
    select unit_id, told_at, plan, lag(plan) over (partition by unit_id order by told_at) as plan_before
    from plans_told
),

upgrades as (
    select
        attempt_exposures.contrast as workflow,
        attempt_exposures.unit_id,
        changed.told_at as upgraded_at,
        changed.plan,
        changed.plan_before,
        row_number() over (
            partition by attempt_exposures.contrast, attempt_exposures.unit_id order by changed.told_at
        ) as place
    from attempt_exposures
    inner join changed
        on
            attempt_exposures.unit_id = changed.unit_id
            and changed.plan <> changed.plan_before
            and changed.told_at > attempt_exposures.exposed_at
            and changed.told_at <= attempt_exposures.goal_closes_at
    inner join events
        on
            changed.unit_id = events.unit_id
            and changed.told_at = events.occurred_at at time zone 'UTC'
            and events.name = 'Subscription Upgraded'
),

gained as (
    select
        upgrades.workflow,
        upgrades.unit_id,
        upgrades.upgraded_at,
        features.feature
    from upgrades
    inner join features on upgrades.plan = features.plan
    left join features as had
        on upgrades.plan_before = had.plan and features.feature = had.feature
    where
        upgrades.place = 1
        and had.feature is null
        and upgrades.upgraded_at + $horizon <= $as_of at time zone 'UTC'
),

used as (
    select
        gained.workflow,
        gained.unit_id,
        max(case when events.unit_id is null then 0 else 1 end) as is_used
    from gained
    left join events
        on
            gained.unit_id = events.unit_id
            and events.name = 'Feature Used'
            and cast(events.properties as json) ->> '$.feature' = gained.feature
            and events.occurred_at at time zone 'UTC' > gained.upgraded_at
            and events.occurred_at at time zone 'UTC' <= gained.upgraded_at + $horizon
    group by gained.workflow, gained.unit_id
)

select
    slices.slice,
    'all' as item,
    'all' as period,
    cast(null as varchar) as currency,
    sum(used.is_used) as numerator,
    count(*) as denominator
from used
inner join slices on used.workflow = slices.workflow and used.unit_id = slices.unit_id
group by slices.slice
