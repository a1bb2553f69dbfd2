-- Candidates that a workflow never let in up to a moment, by the last reason they got.
with answers as (
    select unit_id, number, reason, rule, enrollment
    from decisions
    where workflow = %(workflow)s and decided_at <= moment(%(as_of)s)
),

last_answers as (
    select distinct on (unit_id) unit_id, reason, rule
    from answers
    where
        enrollment is null
        and not exists (
            select 1 from answers as let_in
            where let_in.unit_id = answers.unit_id and let_in.reason in ('enrolled', 'held_out', 'control')
        )
    order by unit_id, number desc
)

select
    reason,
    -- Of other reasons the rule names a single person or moment.
    case
        when reason in ('ineligible', 'suppressed', 'sensitive', 'lapsed', 'trigger_gone') then rule
        else ''
    end as rule,
    count(*) as units
from last_answers
group by 1, 2
order by units desc, 1, 2
