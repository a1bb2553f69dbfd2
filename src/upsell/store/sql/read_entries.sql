-- Entries into a workflow before one of them, the last first: each with whose it is today, and its passage as JSON
-- where that goes on. The index decisions_entries finds them; an id that went into another is followed one by one.
with entries as (
    select number, unit_id, enrollment
    from decisions
    where
        workflow = %(workflow)s
        and reason in ('enrolled', 'held_out', 'control')
        and number < %(before)s
    order by number desc
    limit %(most)s
)

select
    entries.number,
    coalesce(units.unit_id, entries.unit_id),
    coalesce(units.household_id, entries.unit_id),
    case
        when strpos(units.state, entries.enrollment) > 0
            then ((units.state::jsonb) #> array['enrollments', entries.enrollment])::text
    end
from entries
left join lateral (
    with recursive followed as (
        select identities.customer_id, 1 as steps
        from identities
        where entries.unit_id like 'c:%%' and identities.gone_id = substr(entries.unit_id, 3)
        union all
        select identities.customer_id, followed.steps + 1
        from followed
        inner join identities on followed.customer_id = identities.gone_id
    )

    select 'c:' || followed.customer_id as unit_id from followed order by followed.steps desc limit 1
) as merged on true
left join units on units.unit_id = coalesce(merged.unit_id, entries.unit_id)
order by entries.number desc
