-- One row per task with what came of it: when somebody closed it and as what, and the first deal of its unit that
-- was opened in the horizon after the task was, with how that ended. A task whose cause ended by when it was due
-- was never due.
with moot as (
    select
        cast(properties as json) ->> '$.key' as key,
        min(occurred_at at time zone 'UTC') as moot_at
    from events
    where
        name = 'Task Closed' and is_household and occurred_at <= $as_of
        and lower(cast(properties as json) ->> '$.outcome') = 'cause_ended'
    group by cast(properties as json) ->> '$.key'
),

closed as (
    select
        cast(properties as json) ->> '$.key' as key,
        cast(properties as json) ->> '$.outcome' as outcome,
        occurred_at at time zone 'UTC' as closed_at,
        row_number() over (
            partition by cast(properties as json) ->> '$.key' order by occurred_at, properties collate "C"
        ) as place
    from events
    where
        name = 'Task Closed' and is_household and occurred_at <= $as_of
        and coalesce(lower(cast(properties as json) ->> '$.outcome'), '') <> 'cause_ended'
),

deals as (
    select
        tasks.key,
        deal_outcomes.deal_id,
        deal_outcomes.outcome,
        row_number() over (
            partition by tasks.key order by deal_outcomes.opened_at, deal_outcomes.deal_id collate "C"
        ) as place
    from tasks
    inner join deal_outcomes
        on
            tasks.household_id = deal_outcomes.unit_id
            and deal_outcomes.opened_at > tasks.opened_at at time zone 'UTC'
            and deal_outcomes.opened_at <= tasks.opened_at at time zone 'UTC' + $horizon
)

select
    tasks.key,
    tasks.workflow,
    tasks.unit_id,
    case
        when closed.closed_at is null and moot.moot_at <= tasks.due_at at time zone 'UTC' then null
        else tasks.due_at at time zone 'UTC'
    end as due_at,
    closed.closed_at,
    case when lower(closed.outcome) like 'meeting%' then 1 else 0 end as is_meeting,
    case when deals.deal_id is null then 0 else 1 end as is_opportunity,
    case when deals.outcome in ('won', 'lost') then 1 else 0 end as is_decided,
    case when deals.outcome = 'won' then 1 else 0 end as is_won
from tasks
left join closed on tasks.key = closed.key and closed.place = 1
left join moot on tasks.key = moot.key
left join deals on tasks.key = deals.key and deals.place = 1
where tasks.opened_at <= $as_of
