-- The slices each attempt belongs to: every segment the unit was in when it was first considered. Segments
-- overlap, so slices do not add up.
select distinct
    attempts.workflow,
    attempts.unit_id,
    coalesce(memberships.segment, 'in no segment') as slice
from attempts
left join memberships
    on
        attempts.unit_id = memberships.unit_id
        and memberships.entered_at <= attempts.considered_at
        and (memberships.left_at is null or memberships.left_at > attempts.considered_at)
