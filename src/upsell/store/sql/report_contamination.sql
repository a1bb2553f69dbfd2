-- Held-out units of a workflow that what it offers reached another way within the horizon, by way, each unit
-- once in each: a message or task of another workflow, a prompt of another one, or an acceptance of it.
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

reached as (
    select 'message' as way, known.unit_id, outbox.finished_at as reached_at
    from outbox
    cross join lateral (
        values (outbox.unit_id), (outbox.household_id), ('c:' || outbox.customer_id)
    ) as known (unit_id)
    where
        outbox.workflow <> %(workflow)s
        and outbox.offer = any(%(offers)s::text[])
        and outbox.state in ('sent', 'unknown')
    union all
    select 'task' as way, tasks.unit_id, tasks.opened_at as reached_at
    from tasks
    where tasks.workflow <> %(workflow)s and tasks.offer = any(%(offers)s::text[])
    union all
    select 'prompt' as way, showings.unit_id, showings.shown_at as reached_at
    from showings
    where
        showings.workflow <> %(workflow)s
        and showings.terms::json ->> 'offer' = any(%(offers)s::text[])
    union all
    select 'accepted' as way, known.unit_id, events.occurred_at as reached_at
    from events
    cross join lateral (values (events.household_id), ('c:' || events.customer_id)) as known (unit_id)
    where events.name = 'Offer Accepted' and events.properties::json ->> 'offer' = any(%(offers)s::text[])
)

select reached.way, count(distinct held_out.unit_id)
from held_out
inner join reached on held_out.unit_id = reached.unit_id
where
    reached.reached_at >= held_out.exposed_at
    and reached.reached_at <= least(held_out.exposed_at + %(horizon)s * interval '1 microsecond', moment(%(as_of)s))
group by reached.way
order by reached.way
