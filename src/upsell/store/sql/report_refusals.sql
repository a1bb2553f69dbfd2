-- Candidates that a workflow never let in up to a moment, by the last reason they got.
with answers as (
    select unit_id, number, reason, rule, enrollment
    from decisions
    where workflow = %(workflow)s and decided_at <= moment(%(as_of)s)
),

-- Joined and not looked for with "not in", which reads the whole list again for every answer once it is long.
entered as (
    select distinct unit_id from answers where reason in ('enrolled', 'held_out', 'control')
),

last_answers as (
    select distinct on (answers.unit_id) answers.unit_id, answers.reason, answers.rule
    from answers
    left join entered on answers.unit_id = entered.unit_id
    where answers.enrollment is null and entered.unit_id is null
    order by answers.unit_id asc, answers.number desc
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
