-- Everything that was said: messages a provider took, prompts that were seen, tasks that somebody did; one row
-- each. The key is what receipts name, the origin what an accepted offer may name instead.
with offered as (
    select
        unit_id as household_id,
        cast(properties as json) ->> '$.key' as key,
        cast(properties as json) ->> '$.prompt' as prompt,
        cast(properties as json) ->> '$.workflow' as workflow,
        cast(properties as json) ->> '$.unit' as unit_id,
        cast(properties as json) ->> '$.offer' as offer,
        cast(cast(properties as json) -> '$.terms' as varchar) as terms
    from events
    where name = 'Prompt Offered' and is_household and occurred_at <= $as_of
),

seen as (
    select
        cast(properties as json) ->> '$.key' as key,
        min(occurred_at at time zone 'UTC') as seen_at
    from events
    where name = 'Prompt Shown' and is_household and occurred_at <= $as_of
    group by cast(properties as json) ->> '$.key'
),

done as (
    select
        cast(properties as json) ->> '$.key' as key,
        min(occurred_at at time zone 'UTC') as done_at
    from events
    where
        name = 'Task Closed' and is_household and occurred_at <= $as_of
        and coalesce(lower(cast(properties as json) ->> '$.outcome'), '') <> 'cause_ended'
    group by cast(properties as json) ->> '$.key'
)

select
    key,
    key as origin,
    workflow,
    unit_id,
    household_id,
    channel,
    nullif(offer, '') as offer,
    nullif(terms, '') as terms,
    sent_at at time zone 'UTC' as touched_at
from messages
where sent_at <= $as_of
union all
select
    offered.key,
    offered.prompt as origin,
    offered.workflow,
    offered.unit_id,
    offered.household_id,
    'prompt' as channel,
    offered.offer,
    offered.terms,
    seen.seen_at as touched_at
from offered
inner join seen on offered.key = seen.key
union all
select
    tasks.key,
    tasks.key as origin,
    tasks.workflow,
    tasks.unit_id,
    tasks.household_id,
    'task' as channel,
    nullif(tasks.offer, '') as offer,
    nullif(tasks.terms, '') as terms,
    done.done_at as touched_at
from tasks
inner join done on tasks.key = done.key
