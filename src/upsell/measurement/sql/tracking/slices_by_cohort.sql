-- The slice each attempt belongs to: the month of the unit's first subscription.
select
    attempts.workflow,
    attempts.unit_id,
    coalesce(cohorts.cohort, 'none') as slice
from attempts
left join cohorts on attempts.unit_id = cohorts.unit_id
