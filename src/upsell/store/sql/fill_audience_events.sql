-- Gather the events that rules count, by the unit they count for, as far as the worker has come. Of the
-- derived ones only changes of plan and of membership are counted; those were taken as they were derived.
-- What an id did that went into another is that other's; who did it is told by the id of then.
insert into audience_events
select
    case when %(of_accounts)s then told.household_id else 'c:' || coalesce(known.customer_id, told.customer_id) end,
    told.name,
    told.occurred_at,
    case
        when %(reads_actor)s then
            (json_of(told.properties) - 'actor_id' - 'actor_role')
            || jsonb_strip_nulls(jsonb_build_object('actor_id', told.customer_id, 'actor_role', held.role))
        when %(reads_properties)s then json_of(told.properties)
    end
from events as told
inner join cursors on told.shard = cursors.shard
left join merged_customers as known on told.customer_id = known.gone_id and not %(of_accounts)s
left join rosters as held
    on
        told.household_id = held.household_id
        and told.customer_id = held.customer_id
        and held.place = 1
        and held.role <> ''
        and %(reads_actor)s
where
    told.name = any(%(names)s::text[])
    and told.occurred_at > moment(%(since)s)
    and case when %(of_accounts)s then told.household_id like 'a:%%' else told.customer_id is not null end
    and case
        when told.is_derived then
            told.name in (
                'Subscription Upgraded', 'Subscription Downgraded', 'Segment Entered', 'Segment Left'
            )
        else told.position <= cursors.position
    end
