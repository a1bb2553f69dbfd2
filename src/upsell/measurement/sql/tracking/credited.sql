-- Each gain with who is credited, once: nobody while the household is held out of any workflow; else the
-- workflow of the last touch whose goal window holds it; else nothing.
with shadowed as (
    select distinct gains.unit_id, gains.gained_at
    from gains
    inner join withheld
        on
            gains.unit_id = withheld.household_id
            and gains.gained_at > withheld.held_at
            and gains.gained_at <= withheld.held_until
),

reached as (
    select
        moments.unit_id,
        moments.gained_at,
        touches.workflow,
        touches.channel,
        row_number() over (
            partition by moments.unit_id, moments.gained_at
            order by touches.touched_at desc, touches.key collate "C", touches.workflow collate "C"
        ) as place
    from (select distinct unit_id, gained_at from gains) as moments
    inner join touches on moments.unit_id = touches.household_id
    inner join workflows on touches.workflow = workflows.workflow
    where
        moments.gained_at > touches.touched_at
        and moments.gained_at <= touches.touched_at + workflows.goal_within
)

select
    gains.unit_id,
    gains.gained_at,
    gains.currency,
    gains.upgrades,
    gains.expansion,
    case
        when shadowed.unit_id is not null then 'held out'
        when reached.workflow is null then 'unattributed'
        else 'credited'
    end as line,
    case when shadowed.unit_id is null then reached.workflow end as workflow,
    case when shadowed.unit_id is null then reached.channel end as channel
from gains
left join shadowed on gains.unit_id = shadowed.unit_id and gains.gained_at = shadowed.gained_at
left join reached
    on
        gains.unit_id = reached.unit_id
        and gains.gained_at = reached.gained_at
        and reached.place = 1
