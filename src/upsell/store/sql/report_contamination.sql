-- Held-out units of a workflow that what it offers reached another way within the horizon, by way, each unit
-- once in each: a message, a task that was open, or a prompt of another workflow, or of whatever else tells of
-- prompts, about the same thing; or an acceptance of it. A task is open until it is closed, 14 days at most.
with held_out as (
    select
        coalesce('c:' || merged.customer_id, exposures.unit_id) as unit_id,
        min(exposures.exposed_at) as exposed_at
    from exposures
    left join merged_customers as merged on exposures.unit_id = 'c:' || merged.gone_id
    where
        exposures.workflow = %(workflow)s
        and exposures.contrast = 'holdout'
        and exposures.arm = 'holdout'
        and exposures.exposed_at <= moment(%(as_of)s)
    group by 1
),

prompts as (
    select
        events.name,
        events.household_id,
        events.customer_id,
        events.occurred_at,
        events.properties::json ->> 'offer' as offer,
        events.properties::json ->> 'workflow' as workflow,
        events.properties::json ->> 'prompt' as prompt,
        events.properties::json ->> 'unit' as unit_id,
        coalesce(events.properties::json ->> 'key', '') as shown
    from events
    where events.name in ('Prompt Offered', 'Prompt Shown')
),

own_prompts as (
    select known.key
    from prompts
    cross join lateral (values (prompts.prompt), (prompts.shown)) as known (key)
    where prompts.name = 'Prompt Offered' and prompts.workflow = %(workflow)s and known.key is not null
),

reached as (
    select
        'message' as way, known.unit_id, outbox.finished_at as began_at, outbox.finished_at as ended_at
    from outbox
    cross join lateral (
        values (outbox.unit_id), (outbox.household_id), ('c:' || outbox.customer_id)
    ) as known (unit_id)
    where
        outbox.workflow <> %(workflow)s
        and outbox.offer = any(%(offers)s::text[])
        and outbox.state in ('sent', 'unknown')
    union all
    select
        'task' as way,
        known.unit_id,
        tasks.opened_at as began_at,
        least(coalesce(tasks.closed_at, tasks.opened_at + interval '14 days'), tasks.opened_at + interval '14 days')
            as ended_at
    from tasks
    left join units on tasks.unit_id = units.unit_id
    cross join lateral (values (tasks.unit_id), (units.household_id)) as known (unit_id)
    where tasks.workflow <> %(workflow)s and tasks.offer = any(%(offers)s::text[])
    union all
    select 'prompt' as way, known.unit_id, prompts.occurred_at as began_at, prompts.occurred_at as ended_at
    from prompts
    cross join lateral (
        values (prompts.unit_id), (prompts.household_id), ('c:' || prompts.customer_id)
    ) as known (unit_id)
    where
        prompts.offer = any(%(offers)s::text[])
        and coalesce(prompts.workflow, '') <> %(workflow)s
        and prompts.shown not in (select own_prompts.key from own_prompts)
    union all
    select 'accepted' as way, known.unit_id, events.occurred_at as began_at, events.occurred_at as ended_at
    from events
    cross join lateral (values (events.household_id), ('c:' || events.customer_id)) as known (unit_id)
    where events.name = 'Offer Accepted' and events.properties::json ->> 'offer' = any(%(offers)s::text[])
)

select reached.way, count(distinct held_out.unit_id)
from reached
left join merged_customers as merged on reached.unit_id = 'c:' || merged.gone_id
inner join held_out on coalesce('c:' || merged.customer_id, reached.unit_id) = held_out.unit_id
where
    reached.ended_at >= held_out.exposed_at
    and reached.began_at <= moment(
        least((extract(epoch from held_out.exposed_at) * 1000000)::bigint + %(horizon)s::bigint, %(as_of)s::bigint)
    )
group by reached.way
order by reached.way
