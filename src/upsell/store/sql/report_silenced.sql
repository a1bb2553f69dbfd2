-- Units whose journey in a workflow stood still or ended early up to a moment, by reason.
select
    reason,
    case when reason in ('frozen', 'frozen_too_long', 'ineligible') then rule else '' end as rule,
    count(distinct unit_id) as units
from decisions
where
    workflow = %(workflow)s
    and decided_at <= moment(%(as_of)s)
    and enrollment is not null
    and reason not in ('enrolled', 'held_out', 'control', 'goal_reached', 'finished', 'released')
group by 1, 2
order by units desc, 1, 2
