-- One row per workflow and unit that was first a candidate in [$since, $until): an attempt. What it came to
-- may be written later, up to $as_of.
with answered as (
    select
        workflow,
        unit_id,
        min(decided_at) as considered_at,
        min(case when reason = 'enrolled' then decided_at end) as entered_at,
        max(case when reason in ('enrolled', 'held_out', 'control') then 1 else 0 end) as is_let_in,
        max(case when reason in ('held_out', 'control') then 1 else 0 end) as is_shadow,
        -- Gates that are asked after whether it may be offered at all.
        max(
            case
                when
                    reason in (
                        'suppressed',
                        'sensitive',
                        'no_recipient',
                        'address_suppressed',
                        'no_consent',
                        'price_guardrail',
                        'declined',
                        'outside_hours',
                        'capped',
                        'outranked',
                        'not_in_ramp'
                    )
                    then 1
                else 0
            end
        ) as is_past_eligibility
    from decisions
    where decided_at <= $as_of
    group by workflow, unit_id
)

select
    workflow,
    unit_id,
    considered_at at time zone 'UTC' as considered_at,
    entered_at at time zone 'UTC' as entered_at,
    entered_at is not null as is_enrolled,
    is_shadow = 1 as is_shadow,
    is_let_in = 1 or is_past_eligibility = 1 as is_eligible
from answered
where considered_at >= $since and considered_at < $until
