-- Of units that paid when they were exposed, how many still did at the end of a closed horizon: by workflow,
-- stratum and arm, with the planned share, and of how many accounts of the workflow several units are among them.
with placed as (
    select
        kept.workflow,
        first_exposures.stratum,
        kept.arm,
        first_exposures.share,
        kept.is_kept,
        coalesce(homes.household_id, kept.unit_id) as account
    from kept
    inner join first_exposures
        on kept.workflow = first_exposures.contrast and kept.unit_id = first_exposures.unit_id
    left join homes on kept.unit_id = homes.unit_id
),

shared as (
    select workflow, account
    from placed
    group by workflow, account
    having count(*) > 1
),

shares as (
    select workflow, count(*) as accounts
    from shared
    group by workflow
)

select
    placed.workflow,
    placed.stratum,
    placed.arm,
    min(placed.share) as least_share,
    max(placed.share) as greatest_share,
    count(*) as units,
    sum(placed.is_kept) as kept_units,
    coalesce(max(shares.accounts), 0) as shared_accounts
from placed
left join shares on placed.workflow = shares.workflow
group by placed.workflow, placed.stratum, placed.arm
